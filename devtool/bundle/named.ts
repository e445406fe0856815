import { withAncestors } from "../paths/ancestors.ts";
import { packageName, readManifest } from "./addons/package.ts";
import { perVersion } from "./per-version.ts";

/** Of the packages of the project or of its workspace, those that these sources of it name in a string that is no import: paths relative to the project. */
export type FindNamed = (sources: readonly string[]) => string[];

export function createFindNamed(root: string): FindNamed {
  const namesIn = perVersion(root, stringsOf);
  return (sources) => {
    const manifests = withAncestors(root).map(readManifest);
    const lists = manifests.flatMap((one) => [one.dependencies, one.optionalDependencies, one.devDependencies]);
    const all = new Set(lists.flatMap((list) => Object.keys(list ?? {})));
    return [...new Set(sources.flatMap(namesIn))].filter((name) => all.has(name));
  };
}

/** What may be a package's name, without what is imported: that is bundled, or is a type. */
const STRING =
  /(?<!\b(?:from|import|module)\s*|\b(?:import|require)\s*\(\s*)(["'`])((?:@[\w.-]+\/)?\w[\w.-]*(?:\/[\w./-]+)?)\1/g;

function stringsOf(text: string): string[] {
  return [...new Set([...text.matchAll(STRING)].map(([, , name = ""]) => packageName(name)))];
}
