import { BadImage, shown } from "./entry.ts";

/** NAME_MAX of Linux. */
const COMPONENT_BYTES_MAX = 255;
/** PATH_MAX (4,096) minus room for the path of the state directory. */
const PATH_BYTES_MAX = 3_584;
/** The longest target a symlink can have: PATH_MAX minus its NUL. */
const SYMLINK_BYTES_MAX = 4_095;

/** `./a//b/` → `a/b`; the root itself is the empty string. Throws BadImage for a name that isn't below the root. */
export function relativePath(name: string): string {
  if (name === "") throw new BadImage("an entry has no name");
  if (name.startsWith("/")) throw new BadImage(`${shown(name)} is an absolute name`);
  if (name.includes("\0")) throw new BadImage(`${shown(name)} contains a NUL byte`);
  const components = name.split("/").filter((component) => component !== "" && component !== ".");
  if (components.includes("..")) throw new BadImage(`${shown(name)} leads out of the image by ".."`);
  const long = components.find((component) => component.length > COMPONENT_BYTES_MAX);
  if (long !== undefined)
    throw new BadImage(`${shown(long.slice(0, 40))}: a name is over ${COMPONENT_BYTES_MAX} bytes`);
  const path = components.join("/");
  if (path.length > PATH_BYTES_MAX) {
    throw new BadImage(`${shown(path.slice(0, 40))}: a path is over ${PATH_BYTES_MAX.toLocaleString("en")} bytes`);
  }
  return path;
}

/** Throws BadImage for a relative target that climbs above the root. Absolute ones are only followed inside a container. */
export function checkSymlink(path: string, target: string): void {
  if (target === "" || target.includes("\0")) throw new BadImage(`the symlink ${shown(path)} has no valid target`);
  if (target.length > SYMLINK_BYTES_MAX) {
    throw new BadImage(
      `the target of the symlink ${shown(path)} is over ${SYMLINK_BYTES_MAX.toLocaleString("en")} bytes`,
    );
  }
  if (target.startsWith("/")) return;
  let depth = path.split("/").length - 1;
  for (const component of target.split("/")) {
    if (component === "..") depth -= 1;
    else if (component !== "" && component !== ".") depth += 1;
    if (depth < 0) throw new BadImage(`the symlink ${shown(path)} leads out of the image: ${shown(target)}`);
  }
}
