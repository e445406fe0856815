import { readFileSync } from "node:fs";
import { processesOf, type Usage, usageOf } from "../host/cgroup/usage.ts";
import { processesIn } from "../host/pid-namespace.ts";

/** What a container used up to a moment. */
export interface Sample extends Usage {
  /** Nanoseconds of a clock that does not jump. */
  readonly at: bigint;
  /** Bytes that passed its links; none of one that has the machine's network. */
  readonly network: { readonly received: number; readonly sent: number } | undefined;
}

/** `ownNetwork`: it has links of its own, which are those that its process `pid` sees. */
export function sample(cgroups: readonly string[], pid: number, ownNetwork: boolean): Sample {
  return {
    ...usageOf(cgroups, () => membersOf(cgroups, pid)),
    at: process.hrtime.bigint(),
    network: ownNetwork ? networkOf(pid) : undefined,
  };
}

/** A container of a user who may make no cgroup has none. */
export function membersOf(cgroups: readonly string[], pid: number): number[] {
  const members = processesOf(cgroups);
  return members.length > 0 ? members : processesIn(pid);
}

/** /proc/PID/net/dev: of each link the bytes received come first, those sent ninth. Loopback does not count. */
function networkOf(pid: number): Sample["network"] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/net/dev`, "utf8");
  } catch {
    return { received: 0, sent: 0 }; // it has ended
  }
  const links = [...text.matchAll(/^ *(\S+): *(.*)$/gm)].filter(([, name]) => name !== "lo");
  const columns = links.map(([, , numbers = ""]) => numbers.split(/ +/).map(Number));
  const sum = (column: number) => columns.reduce((all, numbers) => all + (numbers[column] ?? 0), 0);
  return { received: sum(0), sent: sum(8) };
}
