import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { identify } from "../host/process.ts";
import { imagesDirectory } from "./store.ts";

/** `.import-PID-STARTTIME-XXXXXX`: names the process that made it, so that another can see whether that still runs. */
const UNDER_WAY = /^\.(?:import|remove)-(\d+)-(\d+)-/;

/** Makes a directory beside the images, of mode 0700, that names this process. */
export async function makeUnderWay(root: string, what: "import" | "remove"): Promise<string> {
  const prefix = `.${what}-${process.pid}-${identify(process.pid)?.startTime}-`;
  return mkdtemp(join(imagesDirectory(root), prefix));
}

/** Removes what killed imports and removals left behind. */
export async function clearLeftovers(root: string): Promise<void> {
  for (const name of await readdir(imagesDirectory(root))) {
    const [, pid, started] = UNDER_WAY.exec(name) ?? [];
    if (pid !== undefined && identify(Number(pid))?.startTime !== started)
      await removeTree(join(imagesDirectory(root), name));
  }
}

export async function removeTree(path: string): Promise<void> {
  // Root needs no permission; others can't empty a directory that an image marks read-only.
  if (process.geteuid?.() !== 0) await makeWritable(Buffer.from(path));
  await rm(path, { recursive: true, force: true });
}

async function makeWritable(directory: Buffer): Promise<void> {
  await chmod(directory, 0o700);
  for (const entry of await readdir(directory, { withFileTypes: true, encoding: "buffer" })) {
    if (entry.isDirectory()) await makeWritable(Buffer.concat([directory, Buffer.from("/"), entry.name]));
  }
}
