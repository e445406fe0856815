import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasNativeParts, isForNode, type Manifest, packageDirectory, readManifest } from "./imports.ts";

/** process.platform, process.arch, and libc as npm's --libc names it. */
export interface Platform {
  readonly platform: string;
  readonly arch: string;
  readonly libc: "glibc" | "musl";
}

export interface PackageFile {
  /** Below node_modules, posix. */
  readonly path: string;
  readonly source: string;
}

/**
 * The files of a package and of all its dependencies that a program needs on `platform`; undefined when there are
 * native parts, but none for that platform.
 */
export async function filesFor(
  name: string,
  directory: string,
  platform: Platform,
): Promise<PackageFile[] | undefined> {
  const files: PackageFile[] = [];
  let needsNative = false;
  let hasNative = false;
  for (const [packageName, { place, manifest }] of packagesOf(name, directory)) {
    needsNative ||= hasNativeParts(manifest, place);
    for (const path of await listFiles(place, "")) {
      const source = join(place, path);
      const kind = await kindOf(source, platform);
      if (kind === "native") hasNative = true;
      if (path.endsWith(".node")) needsNative = true;
      if (kind !== "unneeded") files.push({ path: `${packageName}/${path}`, source });
    }
  }
  return needsNative && !hasNative ? undefined : files;
}

/** The package and its dependencies, optional ones included if installed: often there is one per platform. */
function packagesOf(name: string, directory: string): Map<string, { place: string; manifest: Manifest }> {
  const found = new Map<string, { place: string; manifest: Manifest }>();
  const visit = (packageName: string, place: string) => {
    if (found.has(packageName)) return;
    const manifest = readManifest(place);
    if (!isForNode(manifest)) return;
    found.set(packageName, { place, manifest });
    const { dependencies, optionalDependencies } = manifest;
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const nextPlace = packageDirectory(next, place);
      if (nextPlace !== undefined) visit(next, nextPlace);
    }
  };
  visit(name, directory);
  return found;
}

async function listFiles(directory: string, path: string): Promise<string[]> {
  const entries = await readdir(join(directory, path), { withFileTypes: true });
  const lists = entries.map(async (entry) => {
    const inner = path === "" ? entry.name : `${path}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : await listFiles(directory, inner);
    return entry.isFile() ? [inner] : [];
  });
  return (await Promise.all(lists)).flat();
}

const LOADED = /\.(js|cjs|mjs|json|wasm)$/;
const MAYBE_BINARY = /(^|\/)[^./]+$|\.node$|\.so(\.\d+)*$/;

/** A package's sources, headers and documents are several times the size of its code, and never loaded. */
async function kindOf(file: string, platform: Platform): Promise<"script" | "native" | "unneeded"> {
  const path = file.replaceAll("\\", "/");
  if (LOADED.test(path)) return "script";
  if (!MAYBE_BINARY.test(path)) return "unneeded";
  return (await runsOn(file, platform)) ? "native" : "unneeded";
}

/** elf.h: e_machine. */
const MACHINES: Readonly<Record<string, number>> = {
  x64: 62,
  arm64: 183,
  arm: 40,
  ia32: 3,
  riscv64: 243,
  loong64: 258,
  ppc64: 21,
  s390x: 22,
};
const HEADER_BYTES = 20;

/** Whether it is an ELF file for `arch`, linked to `libc` or to none. */
export async function runsOn(file: string, { platform, arch, libc }: Platform): Promise<boolean> {
  if (platform !== "linux") return false;
  const header = Buffer.alloc(HEADER_BYTES);
  const handle = await open(file);
  try {
    const { bytesRead } = await handle.read(header, 0, HEADER_BYTES, 0);
    if (bytesRead < HEADER_BYTES || !header.subarray(0, 4).equals(ELF_MAGIC)) return false;
  } finally {
    await handle.close();
  }
  const isBigEndian = header[5] === 2;
  const machine = isBigEndian ? header.readUInt16BE(18) : header.readUInt16LE(18);
  if (machine !== MACHINES[arch]) return false;
  const content = await readFile(file);
  const other = libc === "musl" ? "libc.so.6\0" : "libc.musl-";
  return !content.includes(other, 0, "latin1");
}

const ELF_MAGIC = Buffer.from("\x7fELF", "latin1");
