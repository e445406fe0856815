import { dirname } from "node:path";

/** A folder, and those that it is in, the nearest first. */
export function withAncestors(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...withAncestors(above)];
}
