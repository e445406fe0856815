import { readdirSync } from "node:fs";
import { join } from "node:path";
import { identify } from "../host/process.ts";
import type { Shim } from "../host/shim.ts";
import { volumesDirectory } from "./store.ts";

const UNDER_WAY = /^\.new-(\d+)-(\d+)-/;

/** Removes what killed processes were making or removing, and this one has no use for. */
export async function clearLeftovers(shim: Shim, root: string): Promise<void> {
  const directory = volumesDirectory(root);
  for (const name of readdirSync(directory)) {
    const [, pid, started] = UNDER_WAY.exec(name) ?? [];
    if (pid === undefined) continue;
    if (Number(pid) === process.pid || identify(Number(pid))?.startTime !== started)
      await shim.remove(join(directory, name));
  }
}
