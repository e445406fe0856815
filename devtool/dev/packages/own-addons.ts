import { join } from "node:path";
import { tooNewFor } from "../../bundle/addons/elf.ts";
import type { LibraryVersions } from "../../bundle/addons/package.ts";
import { shownName, toText } from "../../paths/bytes.ts";

/** Those of packages are looked at before they are shipped. */
const OWN = /^(?!(.*\/)?node_modules\/).*\.node$/;

/**
 * Of the project's own files that were sent, as bytes, the add-ons that were built for a newer glibc or libstdc++ than the
 * target's: a sentence each, which the loader there would say less of.
 */
export async function tooNewThere(root: string, sent: readonly string[], target: LibraryVersions): Promise<string[]> {
  const notices: string[] = [];
  for (const path of sent.filter((name) => OWN.test(name))) {
    const found = await tooNewFor(join(root, toText(path)), target).catch(() => undefined); // gone again
    if (found === undefined) continue;
    const advice = "build it there, by `build` in the configuration, or on a system as old as that";
    notices.push(
      `${shownName(path)} was built for ${found.needed} or newer, and can't be loaded with the target's ${found.there}: ${advice}`,
    );
  }
  return notices;
}
