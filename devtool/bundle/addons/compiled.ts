import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeDirectory } from "../../process/make-directory.ts";
import { moveTo } from "./fetch.ts";
import { ofInstalled, type PackageFile, packageFiles } from "./files.ts";
import { layOut } from "./layout.ts";
import type { Platform } from "./package.ts";
import { type Installed, isRequired, type Tree } from "./tree.ts";

/** A package whose install script is to be run on the target. */
export interface Source {
  readonly name: string;
  readonly version: string;
  /** It and what it needs: path from the folder that has the node_modules → file here. */
  readonly files: ReadonlyMap<string, string>;
}

/** A file that an install script made or downloaded. */
export interface Made {
  /** Below the package's folder, posix. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly isExecutable: boolean;
}

/** Runs it there. @throws Failure */
export type Compile = (source: Source) => Promise<readonly Made[]>;

interface Request {
  readonly package: Installed;
  readonly tree: Tree;
  readonly files: ReadonlyMap<string, readonly PackageFile[]>;
}

/** What compiling a package on the target makes: once for each content, of the package and of what it needs. */
export async function compiledFiles(
  request: Request,
  { target, cache, compile }: { readonly target: Platform; readonly cache: string; readonly compile: Compile },
): Promise<PackageFile[]> {
  const source = sourceOf(request);
  const entry = join(cache, `compiled-${await keyOf(source, target)}`);
  if (!existsSync(entry)) {
    const made = await compile(source);
    const work = join(cache, `.${randomBytes(6).toString("hex")}.new`);
    try {
      makeDirectory(work);
      for (const { path, content, isExecutable } of made) {
        await mkdir(dirname(join(work, path)), { recursive: true });
        await writeFile(join(work, path), content, { mode: isExecutable ? 0o755 : 0o644 });
      }
      await moveTo(entry, work);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  return packageFiles(entry, ofInstalled);
}

function sourceOf({ package: { directory, manifest }, tree, files }: Request): Source {
  const { name = "", version = "" } = manifest;
  const needed = new Map([...tree].map(([place, installed]) => [place, withNeeded(installed)]));
  const paths = new Map<string, string>();
  for (const [path, place] of layOut(new Map([[name, directory]]), needed))
    for (const file of files.get(place) ?? []) paths.set(`node_modules/${path}/${file.path}`, file.source);
  return { name, version, files: paths };
}

function withNeeded(installed: Installed): Installed {
  const { manifest, dependencies } = installed;
  return { ...installed, dependencies: new Map([...dependencies].filter(([name]) => isRequired(manifest, name))) };
}

/** Node.js's major version decides which headers an add-on is compiled with, the target's glibc and libstdc++ which it needs. */
async function keyOf({ files }: Source, { platform, arch, libc, glibc, libstdcxx, node }: Platform): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([platform, arch, libc, glibc, libstdcxx, node]));
  for (const [path, file] of files) hash.update(`\0${path}\0`).update(await readFile(file));
  return hash.digest("hex").slice(0, 32);
}
