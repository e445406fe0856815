import { accessSync, constants } from "node:fs";
import { isIPv4 } from "node:net";
import { join } from "node:path";
import { cacheDirectory } from "../../process/cache-directory.ts";
import type { SshSettings } from "../ssh/config/settings.ts";
import { machineSettings } from "./settings.ts";
import { askMachine, notRunning } from "./tool.ts";

/** Where multipassd keeps the key that every machine accepts. It is root's: other users give the machine a key of their own. */
const KEYS: Readonly<Record<string, string>> = {
  linux: "/var/snap/multipass/common/data/multipassd/ssh-keys/id_rsa",
  darwin: "/var/root/Library/Application Support/multipassd/ssh-keys/id_rsa",
  win32: "C:\\ProgramData\\Multipass\\data\\ssh-keys\\id_rsa",
};

export interface MultipassMachine {
  readonly name: string;
  /** Instead of multipass's own key, and of those that ssh offers. */
  readonly identityFile: string | undefined;
  readonly notice: (text: string) => void;
}

/** Multipass prints addresses alone; the user is ubuntu. */
export async function multipassSettings({ name, identityFile, notice }: MultipassMachine): Promise<SshSettings> {
  const address = addressIn(await askMachine("multipass", name, ["info", name, "--format", "json"]), name);
  const key = identityFile ?? readable(KEYS[process.platform]);
  const lines = [`Host ${name}`, `HostName ${address}`, "User ubuntu", ...(key ? [`IdentityFile "${key}"`] : [])];
  const knownHosts = join(cacheDirectory(), "multipass", `known_hosts-${name}`);
  return await machineSettings(`${lines.join("\n")}\n`, { host: name, knownHosts, alias: `multipass-${name}`, notice });
}

/** @throws Failure for a machine that does not run */
function addressIn(printed: string, name: string): string {
  const { state, ipv4 } = machinesIn(printed)?.info?.[name] ?? {};
  // While it starts, multipass prints "N/A".
  const address = Array.isArray(ipv4) ? ipv4.find((one) => isIPv4(String(one))) : undefined;
  if (typeof address === "string") return address;
  throw notRunning("multipass", name, `it has no address, and is ${String(state ?? "unknown").toLowerCase()}`);
}

interface Machines {
  readonly info?: Readonly<Record<string, { readonly state?: unknown; readonly ipv4?: unknown }>>;
}

function machinesIn(printed: string): Machines | null {
  try {
    return JSON.parse(printed) as Machines | null;
  } catch {
    return null;
  }
}

function readable(path: string | undefined): string | undefined {
  try {
    accessSync(path ?? "", constants.R_OK);
    return path;
  } catch {
    return undefined;
  }
}
