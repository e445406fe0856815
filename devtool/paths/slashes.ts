import { sep } from "node:path";

/** A path of this machine with slashes, as the mirror, git and esbuild have it. */
export function withSlashes(path: string): string {
  return sep === "/" ? path : path.replaceAll(sep, "/");
}
