import type { Notes } from "../notes.ts";
import { BadImage, shown } from "./entry.ts";

/** NAME_MAX of Linux. */
const COMPONENT_BYTES_MAX = 255;
/** PATH_MAX of Linux, and that minus room for the path of the state directory. */
const NAME_BYTES_MAX = 4_096;
const PATH_BYTES_MAX = 3_584;

/** Where an archive's member goes, from the root, which is the empty string. Throws BadImage for what can't be a path. */
export function memberPath(name: string, notes: Notes): string {
  if (name.startsWith("/")) notes.add("absolute", name);
  return relativePath(name);
}

/** What most names have none of. */
const UNTIDY = /^\/|\/\/|(?:^|\/)\.{1,2}(?:\/|$)|\/$|\0/;

/** `/./a//b/` → `a/b`. As docker, podman and umoci have it, `x/../a` and `../a` are `a`, whether there is an `x` or not. */
export function relativePath(absolute: string): string {
  if (absolute.length <= COMPONENT_BYTES_MAX && !UNTIDY.test(absolute)) return copied(absolute);
  const name = absolute.replace(/^\/+/, "");
  if (name.includes("\0")) throw new BadImage(`${shown(name)} contains a NUL byte`);
  if (name.length > NAME_BYTES_MAX) throw tooLong(name);
  const components: string[] = [];
  for (const component of name.split("/")) {
    if (component === "..") components.pop();
    else if (component !== "" && component !== ".") components.push(component);
  }
  const long = components.find((component) => component.length > COMPONENT_BYTES_MAX);
  if (long !== undefined)
    throw new BadImage(`${shown(long.slice(0, 40))}: a name is over ${COMPONENT_BYTES_MAX} bytes`);
  const path = copied(components.join("/"));
  if (path.length > PATH_BYTES_MAX) throw tooLong(path);
  return path;
}

/** Part of a string keeps the whole in memory, and that may be a header of 1 MiB. */
function copied(path: string): string {
  return Buffer.from(path, "latin1").toString("latin1");
}

function tooLong(path: string): BadImage {
  return new BadImage(`${shown(path.slice(0, 40))}: a path is over ${PATH_BYTES_MAX.toLocaleString("en")} bytes`);
}
