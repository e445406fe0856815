import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/** The Vagrantfile that Vagrant uses for a project: its own, or the nearest above it. */
export function vagrantfileOf(projectRoot: string): string {
  const name = process.env["VAGRANT_VAGRANTFILE"] || "Vagrantfile";
  const start = resolve(projectRoot, process.env["VAGRANT_CWD"] || ".");
  let folder = start;
  while (!existsSync(join(folder, name)) && dirname(folder) !== folder) folder = dirname(folder);
  return existsSync(join(folder, name)) ? join(folder, name) : join(start, name);
}

/** .vagrant/machines/NAME/PROVIDER/id, which exist as long as their machines. */
export async function machineIdFiles(projectRoot: string): Promise<string[]> {
  const machines = join(dataDirectory(projectRoot), "machines");
  const files: string[] = [];
  for (const machine of await readdir(machines).catch(() => [])) {
    for (const provider of await readdir(join(machines, machine)).catch(() => [])) {
      files.push(join(machines, machine, provider, "id"));
    }
  }
  return files.sort();
}

/** The id that the machine's provider gave it; its name where there is none. */
export async function machineId(projectRoot: string, machine: string): Promise<string> {
  for (const file of await machineIdFiles(projectRoot)) {
    if (!file.includes(join("machines", machine, "/"))) continue;
    const id = await readFile(file, "utf8").catch(() => "");
    if (id.trim()) return id.trim().replace(/[^\w.-]/g, "_");
  }
  return machine;
}

function dataDirectory(projectRoot: string): string {
  return resolve(dirname(vagrantfileOf(projectRoot)), process.env["VAGRANT_DOTFILE_PATH"] || ".vagrant");
}

/** Beside Vagrant's own data, so that git ignores it and `rm -r .vagrant` removes it. */
export function stateDirectory(projectRoot: string): string {
  return join(dataDirectory(projectRoot), "devtool");
}

/** Drops what is cached of `vagrant ssh-config`. */
export async function forgetSshConfig(projectRoot: string): Promise<void> {
  const directory = stateDirectory(projectRoot);
  const names = await readdir(directory).catch(() => []);
  await Promise.all(
    names.filter((name) => name.startsWith("ssh-config")).map((name) => rm(join(directory, name), { force: true })),
  );
}
