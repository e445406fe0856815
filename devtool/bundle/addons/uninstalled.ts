import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { withAncestors } from "../../paths/ancestors.ts";
import { packageIn, type Unresolved } from "../unresolved.ts";
import { isInstalled, packageDirectory, readManifest } from "./package.ts";
import { PNP_FILE, usesPnp } from "./pnp.ts";

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

/** What npm, pnpm and yarn write when they have installed something. */
const INSTALL_RECORDS = [".package-lock.json", ".modules.yaml", ".yarn-state.yml", ".yarn-integrity"];

/** Those of the project and of a workspace that it is part of, also where nothing is installed yet: absolute paths. */
export function installRecords(root: string): string[] {
  const folders = withAncestors(root).filter((folder) =>
    ["package.json", "node_modules"].some((name) => existsSync(join(folder, name))),
  );
  const names = [...INSTALL_RECORDS.map((name) => join("node_modules", name)), PNP_FILE];
  return folders.flatMap((folder) => names.map((name) => join(folder, name)));
}

/** What to do about imports of the project's packages that are not resolved; undefined where that is not known. */
export function uninstalled(root: string, errors: readonly Unresolved[]): string | undefined {
  const declared = errors.flatMap(declaredIn);
  const missing = [...new Set(declared.filter(({ directory }) => directory === undefined).map(({ name }) => name))];
  if (missing.length === 0) return unbuilt(declared);
  const install = `run ${installerOf(root)} install`;
  const isFirst = !usesPnp(root) && !withAncestors(root).some((folder) => existsSync(join(folder, "node_modules")));
  if (isFirst) return `node_modules is missing: ${install}`;
  return `package.json names what is not installed, ${missing.join(", ")}: ${install}`;
}

/** A package of the workspace, whose package.json names files that a build of it makes. */
function unbuilt(declared: readonly Declared[]): string | undefined {
  const own = declared.filter(({ directory }) => directory !== undefined && !isInstalled(directory));
  const names = [...new Set(own.map(({ name }) => name))];
  if (names.length === 0) return undefined;
  const [is, their, it] = names.length === 1 ? ["is", "its", "it"] : ["are", "their", "them"];
  return `${names.join(", ")} ${is} installed without the files that ${their} package.json names: build ${it} first`;
}

/** A package that an import names and a package.json above the importing file does too. */
interface Declared {
  readonly name: string;
  /** Where it is installed. */
  readonly directory: string | undefined;
}

function declaredIn(error: Unresolved): Declared[] {
  const { file } = error;
  const name = packageIn(error);
  if (name === undefined) return [];
  const isDeclared = withAncestors(dirname(file)).some((folder) => {
    const { dependencies, devDependencies, optionalDependencies, peerDependencies } = readManifest(folder);
    const all = { ...dependencies, ...devDependencies, ...optionalDependencies, ...peerDependencies };
    return Object.hasOwn(all, name);
  });
  return isDeclared ? [{ name, directory: packageDirectory(name, dirname(file)) }] : [];
}
