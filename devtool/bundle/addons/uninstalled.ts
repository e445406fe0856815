import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { withAncestors } from "../../paths/ancestors.ts";
import { packageName, readManifest } from "./package.ts";
import { usesPnp } from "./pnp.ts";

/** Which program's lock file it is. */
const LOCKS = {
  "pnpm-lock.yaml": "pnpm",
  "yarn.lock": "yarn",
  "bun.lock": "bun",
  "bun.lockb": "bun",
  "package-lock.json": "npm",
  "npm-shrinkwrap.json": "npm",
} as const;

type Installer = (typeof LOCKS)[keyof typeof LOCKS];

/** What installs the packages of a project, by the lock file of it or of a workspace that it is part of. */
export function installerOf(root: string): Installer {
  for (const folder of withAncestors(root)) {
    const found = Object.entries(LOCKS).find(([name]) => existsSync(join(folder, name)));
    if (found) return found[1];
    const named = /^(?:npm|pnpm|yarn|bun)(?=@)/.exec(readManifest(folder).packageManager ?? "")?.[0];
    if (named !== undefined) return named as Installer;
  }
  return "npm";
}

/** An error of esbuild's; the file is an absolute path. */
interface Unresolved {
  readonly file: string;
  readonly text: string;
}

/** What to do about imports that are not resolved because the project's packages are not installed; undefined if others are to blame. */
export function uninstalled(root: string, errors: readonly Unresolved[]): string | undefined {
  const missing = [...new Set(errors.flatMap(({ file, text }) => declaredIn(file, text)))];
  if (missing.length === 0) return undefined;
  const install = `run ${installerOf(root)} install`;
  const isFirst = !usesPnp(root) && !withAncestors(root).some((folder) => existsSync(join(folder, "node_modules")));
  if (isFirst) return `node_modules is missing: ${install}`;
  return `package.json names what is not installed, ${missing.join(", ")}: ${install}`;
}

/** The package that the error is about, where a package.json above the file names it. */
function declaredIn(file: string, text: string): string[] {
  const specifier = /^Could not resolve "([^"./#][^"]*)"/.exec(text)?.[1];
  if (specifier === undefined) return [];
  const name = packageName(specifier);
  const isDeclared = withAncestors(dirname(file)).some((folder) => {
    const { dependencies, devDependencies, optionalDependencies, peerDependencies } = readManifest(folder);
    const all = { ...dependencies, ...devDependencies, ...optionalDependencies, ...peerDependencies };
    return Object.hasOwn(all, name);
  });
  return isDeclared ? [name] : [];
}
