import { chmodSync, mkdtempSync, readdirSync, rm } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { identify } from "../host/process.ts";
import { imagesDirectory } from "./store.ts";

/** `.import-PID-STARTTIME-XXXXXX`: names the process that made it, so that another can see whether that still runs. */
const UNDER_WAY = /^\.(?:import|remove)-(\d+)-(\d+)-/;

/** Makes a directory beside the images, of mode 0700, that names this process. */
export function makeUnderWay(root: string, what: "import" | "remove"): string {
  const prefix = `.${what}-${process.pid}-${identify(process.pid)?.startTime}-`;
  return mkdtempSync(join(imagesDirectory(root), prefix));
}

/** Removes what killed imports and removals left behind. */
export async function clearLeftovers(root: string): Promise<void> {
  for (const name of readdirSync(imagesDirectory(root))) {
    const [, pid, started] = UNDER_WAY.exec(name) ?? [];
    if (pid !== undefined && identify(Number(pid))?.startTime !== started)
      await removeTree(join(imagesDirectory(root), name));
  }
}

const removed = promisify(rm);

export async function removeTree(path: string): Promise<void> {
  // Root needs no permission; others can't empty a directory that an image marks read-only.
  if (process.geteuid?.() !== 0) makeWritable(Buffer.from(path));
  await removed(path, { recursive: true, force: true });
}

function makeWritable(directory: Buffer): void {
  chmodSync(directory, 0o700);
  for (const entry of readdirSync(directory, { withFileTypes: true, encoding: "buffer" })) {
    if (entry.isDirectory()) makeWritable(Buffer.concat([directory, Buffer.from("/"), entry.name]));
  }
}
