import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { SshSettings } from "../ssh/config/settings.ts";
import { machineSettings } from "./settings.ts";
import { askMachine, notRunning } from "./tool.ts";

/** As lima writes it while the machine runs, or as limactl prints it. Its host key is pinned in the machine's own folder, which goes with it. */
export async function limaSettings(name: string, notice: (text: string) => void): Promise<SshSettings> {
  const folder = join(process.env["LIMA_HOME"] || join(homedir(), ".lima"), name);
  const written = await readFile(join(folder, "ssh.config"), "utf8").catch(() => undefined);
  const text = written ?? (await askMachine("lima", name, ["show-ssh", "--format=config", name]));
  const host = /^Host (\S+)/m.exec(text)?.[1];
  if (host === undefined) throw notRunning("lima", name, "its ssh.config names no host");
  return await machineSettings(text, { host, knownHosts: join(folder, "devtool-known_hosts"), alias: host, notice });
}
