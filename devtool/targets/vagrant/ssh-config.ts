import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { askSshConfig } from "./command.ts";
import { machineIdFiles, stateDirectory, vagrantfileOf } from "./state.ts";

/** `vagrant ssh-config` takes seconds, so its output is cached until the Vagrantfile or a machine changes. */
export async function sshConfig(projectRoot: string, machine: string | undefined): Promise<string> {
  const cache = join(stateDirectory(projectRoot), `ssh-config${machine === undefined ? "" : `-${machine}`}`);
  const key = `# ${await fingerprint(projectRoot)}\n`;
  const cached = await readFile(cache, "utf8").catch(() => "");
  if (cached.startsWith(key)) return cached.slice(key.length);
  const text = await askSshConfig(projectRoot, machine);
  await mkdir(dirname(cache), { recursive: true });
  await writeFile(`${cache}.${process.pid}`, key + text, { mode: 0o600 });
  await rename(`${cache}.${process.pid}`, cache);
  return text;
}

/** Changes when the Vagrantfile is edited, and when a machine is created or destroyed. */
async function fingerprint(projectRoot: string): Promise<string> {
  const ids = await machineIdFiles(projectRoot);
  const times = await Promise.all(
    [vagrantfileOf(projectRoot), ...ids].map(async (path) => {
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
      return `${path}=${mtimeMs}`;
    }),
  );
  return JSON.stringify(times);
}
