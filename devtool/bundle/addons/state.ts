import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { Addon } from "./apart.ts";
import { type Includes, packageFiles } from "./files.ts";
import { isInstalled } from "./package.ts";
import { resolveTree } from "./tree.ts";

/** What is here of the packages that a bundle imports and does not have. */
export interface InstalledState {
  /** Another text once other packages are installed, or a file of one was written or replaced. */
  readonly digest: string;
  /** The files of those that are developed here, in a workspace or a linked folder: absolute paths. */
  readonly developed: readonly string[];
}

/** Lets other work go first. */
export async function stateOf(
  addons: readonly Addon[],
  includesOf: (directory: string) => Promise<Includes>,
): Promise<InstalledState> {
  const hash = createHash("sha256").update(JSON.stringify(addons));
  const developed: string[] = [];
  for (const [directory, { dependencies }] of resolveTree(addons.map((addon) => addon.directory))) {
    await setImmediate();
    const files = packageFiles(directory, await includesOf(directory));
    const identities = files.map(({ path, identity }) => [path, identity]);
    hash.update(JSON.stringify([directory, [...dependencies], identities]));
    if (!isInstalled(directory)) developed.push(...files.map(({ source }) => source));
  }
  return { digest: hash.digest("hex"), developed };
}
