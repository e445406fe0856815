import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { Addon } from "./apart.ts";
import { type Includes, packageFiles } from "./files.ts";
import { resolveTree } from "./tree.ts";

/** Another text once other packages are installed, or a file of one was written or replaced. Lets other work go first. */
export async function stateOf(
  addons: readonly Addon[],
  includesOf: (directory: string) => Promise<Includes>,
): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(addons));
  for (const [directory, { dependencies }] of resolveTree(addons.map((addon) => addon.directory))) {
    await setImmediate();
    const files = packageFiles(directory, await includesOf(directory));
    const identities = files.map(({ path, identity }) => [path, identity]);
    hash.update(JSON.stringify([directory, [...dependencies], identities]));
  }
  return hash.digest("hex");
}
