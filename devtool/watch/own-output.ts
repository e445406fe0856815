import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { FileState } from "./state.ts";

/** What was written to a pipe. */
interface Printed {
  bytes: number;
  /** The last of them. */
  lately: Buffer;
}

/** By the pipe: both outputs may go to one. */
const pipes = new Map<string, Printed>();
/** How much of a pipe's bytes a file has that grew by some of them. */
const copied = new Map<string, number>();
const own = new Set<string>();

const LATELY_BYTES = 64 * 1024;
/** As many of what a file grew by are compared. */
const COMPARED_BYTES = 4 * 1024;

/** Remembers what this process prints into pipes. */
export function rememberOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const stat = statOf(stream.fd);
    if (!stat?.isFIFO()) continue;
    const pipe = idOf({ device: stat.dev, inode: stat.ino });
    const printed = pipes.get(pipe) ?? { bytes: 0, lately: Buffer.alloc(0) };
    pipes.set(pipe, printed);
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
      const bytes = Buffer.from(chunk as string);
      printed.bytes += bytes.length;
      printed.lately = Buffer.concat([printed.lately, bytes]).subarray(-LATELY_BYTES);
      return write(chunk, ...rest);
    };
  }
}

/**
 * Whether this process's own output goes to this file: to watch it, each round would be the cause of the next. It goes there
 * directly (`> log`), or through a program that writes what it reads (`| tee log`): then the file has grown twice in a row by
 * just what was printed. `before`: as it was seen last.
 */
export function isOwnOutput(path: string | Buffer, now: FileState, before?: FileState): boolean {
  const file = idOf(now);
  if (DIRECT.has(file) || own.has(file)) return true;
  const grown = before?.inode === now.inode ? now.size - before.size : 0;
  if (grown <= 0 || pipes.size === 0) return false;
  const end = printedUpTo(lastOf(path, now.size, Math.min(grown, COMPARED_BYTES)));
  if (end !== undefined && copied.get(file) === end - grown) own.add(file);
  if (end === undefined) copied.delete(file);
  else copied.set(file, end);
  return own.has(file);
}

const DIRECT = new Set(
  [1, 2].flatMap((descriptor) => {
    const stat = statOf(descriptor);
    return stat?.isFile() ? [idOf({ device: stat.dev, inode: stat.ino })] : [];
  }),
);

function idOf({ device, inode }: Pick<FileState, "device" | "inode">): string {
  return `${device}:${inode}`;
}

/** undefined where it is closed. */
function statOf(descriptor: number) {
  try {
    return fstatSync(descriptor);
  } catch {
    return undefined;
  }
}

/** How much had been printed into a pipe once it had these bytes; undefined where it had not lately. */
function printedUpTo(part: Buffer | undefined): number | undefined {
  if (part === undefined) return undefined;
  for (const { bytes, lately } of pipes.values()) {
    const at = lately.lastIndexOf(part);
    if (at >= 0) return bytes - lately.length + at + part.length;
  }
  return undefined;
}

/** undefined where it can't be read any more. */
function lastOf(path: string | Buffer, size: number, count: number): Buffer | undefined {
  const part = Buffer.alloc(count);
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    return readSync(file, part, 0, count, size - count) === count ? part : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
