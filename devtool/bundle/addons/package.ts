import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { withAncestors } from "../../paths/ancestors.ts";
import { withSlashes } from "../../paths/slashes.ts";
import { withoutMark } from "../../process/byte-order-mark.ts";

/** What is read of a package.json. */
export interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly type?: string;
  /** Version ranges by program, such as node, npm and bare. */
  readonly engines?: Readonly<Record<string, string>>;
  /** Where it can be installed; `!name` means anywhere else. */
  readonly os?: readonly string[] | string;
  readonly cpu?: readonly string[] | string;
  readonly libc?: readonly string[] | string;
  readonly gypfile?: boolean;
  readonly scripts?: Readonly<Record<string, string>>;
  /** What installs its packages, as `pnpm@9.1.0`. */
  readonly packageManager?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  /** Files that belong to it, for npm. */
  readonly files?: readonly string[];
  readonly main?: string;
  readonly module?: string;
  readonly bin?: string | Readonly<Record<string, string>>;
  readonly exports?: unknown;
}

export interface LibraryVersions {
  /** The version of its glibc, such as 2.36, where it is known. */
  readonly glibc?: string | undefined;
  /** The newest GLIBCXX of the libstdc++ that its Node.js loads, such as 3.4.30, where it is known. */
  readonly libstdcxx?: string | undefined;
}

/** process.platform, process.arch, and libc as npm's --libc names it. */
export interface Platform extends LibraryVersions {
  readonly platform: string;
  readonly arch: string;
  readonly libc: "glibc" | "musl";
  /** The version of its Node.js, for add-ons that are compiled for one. */
  readonly node?: string | null;
}

/** A package whose manifest is missing or is not valid JSON counts as having an empty one. */
export function readManifest(directory: string): Manifest {
  try {
    const value: unknown = JSON.parse(withoutMark(readFileSync(join(directory, "package.json"), "utf8")));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Looked up as Node.js does, from `from` upwards; a real path, since Node.js looks for its dependencies from there. */
export function packageDirectory(name: string, from: string): string | undefined {
  const found = withAncestors(from)
    .filter((folder) => !folder.endsWith(`${sep}node_modules`))
    .map((folder) => join(folder, "node_modules", name))
    .find((candidate) => existsSync(join(candidate, "package.json")));
  return found === undefined ? undefined : realPath(found);
}

/** undefined where it has just been removed. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** The package's name in an import such as `@scope/name/file.js`, or of what is generated, `.prisma/client/index.js`. */
export function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, /^[@.]/.test(specifier) ? 2 : 1)
    .join("/");
}

/** Matches the imports of these packages and of files in them; at least one. */
export function importsOf(names: readonly string[]): RegExp {
  const alternatives = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  return new RegExp(`^(${alternatives})(/|$)`);
}

/** The package of an installed file, a real path; undefined for a file outside node_modules. */
export function packageOf(file: string): { readonly name: string; readonly directory: string } | undefined {
  const marker = `${sep}node_modules${sep}`;
  const at = file.lastIndexOf(marker);
  if (at < 0) return undefined;
  const name = packageName(withSlashes(file.slice(at + marker.length)));
  return { name, directory: join(file.slice(0, at), "node_modules", name) };
}

/** The nearest folder above a file whose package.json has a name: others only say what kind of modules there are. */
export function manifestFolder(file: string): string | undefined {
  return withAncestors(dirname(file)).find((folder) => readManifest(folder).name !== undefined);
}

/** Whether it is below a node_modules: else it is one of a workspace, or a link to some other folder. */
export function isInstalled(directory: string): boolean {
  return directory.split(sep).includes("node_modules");
}

/** Whether npm would install it there. Node.js loads nothing of a package for Bare alone; tar-stream depends on one. */
export function isFor({ os, cpu, libc, engines = {} }: Manifest, target: Platform): boolean {
  if ("bare" in engines && !("node" in engines)) return false;
  return allows(os, target.platform) && allows(cpu, target.arch) && allows(libc, target.libc);
}

function allows(list: readonly string[] | string | undefined, value: string): boolean {
  const names = list === undefined ? [] : [list].flat();
  if (names.includes(`!${value}`)) return false;
  const wanted = names.filter((name) => !name.startsWith("!"));
  return wanted.length === 0 || wanted.includes(value) || wanted.includes("any");
}

/** Those of its optional dependencies that are a package for one platform each, by name: those for `platform`. */
export function platformPackages({ optionalDependencies = {} }: Manifest, platform: string): string[] {
  return Object.keys(optionalDependencies).filter((name) => words(name).some((word) => word.startsWith(platform)));
}

/** Whether files for one platform are part of the package or of its optional dependencies, however they come there. */
export function hasNativeParts(manifest: Manifest, directory: string): boolean {
  const packages = ["linux", "darwin", "win32"].flatMap((platform) => platformPackages(manifest, platform));
  return packages.length > 0 || isCompiled(manifest, directory) || existsSync(join(directory, "prebuilds"));
}

/** Whether something of its own runs when it is installed. */
export function hasInstallScript({ scripts = {} }: Manifest): boolean {
  return ["preinstall", "install", "postinstall"].some((name) => scripts[name] !== undefined);
}

const COMPILERS = /\b(node-gyp|node-gyp-build|prebuild-install|node-pre-gyp|cmake-js|napi)\b/;

/** Whether it is compiled, or a binary of it downloaded, when it is installed. */
export function isCompiled({ gypfile, scripts = {} }: Manifest, directory: string): boolean {
  const install = ["preinstall", "install", "postinstall"].map((name) => scripts[name] ?? "").join(" ");
  return gypfile === true || COMPILERS.test(install) || existsSync(join(directory, "binding.gyp"));
}

function words(name: string): string[] {
  return name.split(/[-/_.]/);
}
