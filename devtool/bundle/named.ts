import { withAncestors } from "../paths/ancestors.ts";
import { packageName, readManifest } from "./addons/package.ts";

/** Of the packages of the project or of its workspace, those that are named by these strings. */
export function namedBy(root: string, strings: readonly string[]): string[] {
  const manifests = withAncestors(root).map(readManifest);
  const lists = manifests.flatMap((one) => [one.dependencies, one.optionalDependencies, one.devDependencies]);
  const all = new Set(lists.flatMap((list) => Object.keys(list ?? {})));
  return [...new Set(strings)].filter((name) => all.has(name));
}

/** What may be a package's name, without what is imported: that is bundled, or is a type. */
const STRING =
  /(?<!\b(?:from|import|module)\s*|\b(?:import|require)\s*\(\s*)(["'`])((?:@[\w.-]+\/)?\w[\w.-]*(?:\/[\w./-]+)?)\1/g;

/** A require() that esbuild does not know. */
const OWN_REQUIRE = /\brequire\s*=\s*createRequire\(/;
const STRING_OR_REQUIRED = new RegExp(STRING.source.replace("(?:import|require)", "import"), "g");

/** The strings of a source other than those of its imports, as names of packages. */
export function stringsOf(text: string): string[] {
  const form = OWN_REQUIRE.test(text) ? STRING_OR_REQUIRED : STRING;
  return [...new Set([...text.matchAll(form)].map(([, , name = ""]) => packageName(name)))];
}
