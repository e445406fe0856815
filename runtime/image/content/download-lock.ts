import { closeSync, constants, existsSync, fstatSync, openSync, readdirSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { makeDirectory } from "../../host/make-directory.ts";
import { openShim } from "../../host/shim.ts";
import { tryLock } from "../../state/lock.ts";
import { downloadPath, downloadsDirectory } from "./places.ts";

const POLL_MS = 50;

/** The file of a layer on its way, which this process alone writes to. */
export interface DownloadFile {
  readonly path: string;
  readonly fd: number;
  /** How much of it an earlier download left. */
  readonly bytes: number;
}

/**
 * Locks a layer's download and calls `work`; waits while another one has it. The kernel releases the lock of a killed
 * process, and the file stays, so that the next one goes on from there. `work` renames or removes the file when it is done.
 */
export async function withDownload<T>(
  root: string,
  digest: string,
  { signal, waiting }: { readonly signal: AbortSignal; readonly waiting: () => void },
  work: (file: DownloadFile) => Promise<T>,
): Promise<T> {
  makeDirectory(downloadsDirectory(root));
  const path = downloadPath(root, digest);
  const fd = await locked(path, signal, waiting);
  try {
    return await work({ path, fd, bytes: fstatSync(fd).size });
  } finally {
    removeEmpty(path, fd);
    closeSync(fd);
  }
}

async function locked(path: string, signal: AbortSignal, waiting: () => void): Promise<number> {
  const shim = await openShim();
  for (;;) {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const { state } = tryLock(shim, path, fd);
    if (state === "taken") return fd;
    closeSync(fd);
    if (state === "removed") continue;
    waiting();
    await setTimeout(POLL_MS, undefined, { signal });
  }
}

/** It served as the lock alone. An empty archive has been renamed: it is a layer without files. */
function removeEmpty(path: string, fd: number): void {
  const { ino, size } = fstatSync(fd);
  if (size === 0 && statSync(path, { throwIfNoEntry: false })?.ino === ino) unlinkSync(path);
}

/** Forgets what ended pulls left; that of one which runs is locked. Returns how many bytes. */
export async function removeDownloads(root: string): Promise<number> {
  const shim = await openShim();
  const directory = downloadsDirectory(root);
  let bytes = 0;
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const path = join(directory, name);
    const fd = openSync(path, constants.O_RDWR);
    try {
      if (tryLock(shim, path, fd).state !== "taken") continue;
      bytes += fstatSync(fd).size;
      unlinkSync(path);
    } finally {
      closeSync(fd);
    }
  }
  return bytes;
}
