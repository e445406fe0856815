import { join } from "node:path";
import { glibcMissing } from "../bundle/addons/elf.ts";
import { shownName, toText } from "../paths/bytes.ts";
import type { TargetFacts } from "../targets/target.ts";

/** Those of packages are looked at before they are shipped. */
const OWN = /^(?!(.*\/)?node_modules\/).*\.node$/;

/**
 * Of the project's own files that were sent, as bytes, the add-ons that were built for a newer glibc than the target's: a
 * sentence each, which the loader there would say less of.
 */
export async function tooNewThere(
  root: string,
  sent: readonly string[],
  { glibc }: Pick<TargetFacts, "glibc">,
): Promise<string[]> {
  const notices: string[] = [];
  for (const path of sent.filter((name) => OWN.test(name))) {
    const needed = await glibcMissing(join(root, toText(path)), glibc).catch(() => undefined); // gone again
    if (needed === undefined) continue;
    const advice = "build it there, by `build` in the configuration, or on a system as old as that";
    notices.push(
      `${shownName(path)} was built for glibc ${needed} or newer, and can't be loaded with the target's ${glibc}: ${advice}`,
    );
  }
  return notices;
}
