import { printableName } from "../report/printable.ts";

/*
 * A path of the project, as git, rsync and Linux have it: bytes, relative, posix. It is a string with one code unit for
 * each byte, so that a name that is not UTF-8 stays what it is.
 */

const NOT_ASCII = /[\x80-\xff]/;

/** The bytes of a path that is text. Names are bytes on Linux and Unicode elsewhere; macOS's are composed (NFC). */
export function toBytes(text: string): string {
  const normal = process.platform === "darwin" ? text.normalize("NFC") : text;
  return Buffer.from(normal).toString("latin1");
}

/** The path as text, with U+FFFD for what is not UTF-8. */
export function toText(path: string): string {
  return NOT_ASCII.test(path) ? Buffer.from(path, "latin1").toString() : path;
}

/** A name as the system gives it, in the form that all paths here have, and the target too: macOS's are composed. */
export function fromSystem(name: string): string {
  return process.platform === "darwin" ? toBytes(toText(name)) : name;
}

/** The absolute path on this machine, in the form that node:fs accepts. */
export function localPath(root: string, path: string): string | Buffer {
  if (!NOT_ASCII.test(path)) return `${root}/${path}`;
  if (process.platform === "win32") return `${root}/${toText(path)}`;
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, "latin1")]);
}

export function joinPath(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

/** "" for a path of one component. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The path in a message: on one line, without what a terminal would obey. */
export function shownName(path: string): string {
  return printableName(toText(path));
}
