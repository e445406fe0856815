import { open, readFile } from "node:fs/promises";
import type { LibraryVersions, Platform } from "./package.ts";

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
/** elf.h: EI_OSABI of what Linux runs: System V and Linux. FreeBSD's differ in nothing else. */
const SYSTEMS = [0, 3];
const HEADER_BYTES = 20;
const ELF_MAGIC = Buffer.from("\x7fELF", "latin1");

/** ELF, Mach-O for one processor or several, and Windows' PE, as hexadecimal digits. */
const PROGRAMS = /^(7f454c46|cffaedfe|cefaedfe|cafebabe|4d5a)/;

/** Whether it is machine code, for whatever machine. */
export async function isMachineCode(file: string): Promise<boolean> {
  return PROGRAMS.test((await firstBytes(file, 4)).toString("hex"));
}

async function firstBytes(file: string, length: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Whether it is an ELF file for `arch`, linked to `libc` or to none. */
export async function runsOn(file: string, { platform, arch, libc }: Platform): Promise<boolean> {
  if (platform !== "linux") return false;
  const header = await firstBytes(file, HEADER_BYTES);
  if (header.length < HEADER_BYTES || !header.subarray(0, 4).equals(ELF_MAGIC)) return false;
  if (!SYSTEMS.includes(header[7] ?? 0)) return false;
  const isBigEndian = header[5] === 2;
  const machine = isBigEndian ? header.readUInt16BE(18) : header.readUInt16LE(18);
  if (machine !== MACHINES[arch]) return false;
  const content = await readFile(file);
  const other = libc === "musl" ? "libc.so.6\0" : "libc.musl-";
  return !content.includes(other, 0, "latin1");
}

/** From which GLIBCXX on libstdc++ has which CXXABI; see "ABI Policy and Guidelines" in its manual. */
const ABIS = [
  ["3.4.21", "1.3.9"],
  ["3.4.22", "1.3.10"],
  ["3.4.23", "1.3.11"],
  ["3.4.26", "1.3.12"],
  ["3.4.29", "1.3.13"],
  ["3.4.31", "1.3.14"],
  ["3.4.33", "1.3.15"],
] as const;

/** What a file was linked to, and the target has an older one of. */
export interface TooNew {
  readonly needed: string;
  readonly there: string;
}

/** Of the libraries that a file was linked to, one that is too old on the target, which so can't load the file. */
export async function tooNewFor(file: string, { glibc, libstdcxx }: LibraryVersions): Promise<TooNew | undefined> {
  if (glibc === undefined && libstdcxx === undefined) return undefined;
  const content = (await readFile(file)).toString("latin1");
  const libc = newest(content, /GLIBC_(\d+\.\d+)(?:\.\d+)?\0/g);
  if (isOlder(glibc, libc)) return { needed: `glibc ${libc}`, there: glibc };
  // A program may have a libstdc++ of its own beside it; an add-on gets the one that Node.js has loaded.
  if (libstdcxx === undefined || !file.endsWith(".node")) return undefined;
  const cxx = newest(content, /GLIBCXX_(\d+(?:\.\d+)+)\0/g);
  if (isOlder(libstdcxx, cxx)) return { needed: `libstdc++ GLIBCXX_${cxx}`, there: `GLIBCXX_${libstdcxx}` };
  const abi = newest(content, /CXXABI_(\d+(?:\.\d+)+)\0/g);
  const abiThere = newestAbiOf(libstdcxx);
  return isOlder(abiThere, abi) ? { needed: `libstdc++ CXXABI_${abi}`, there: `CXXABI_${abiThere}` } : undefined;
}

/** The newest CXXABI of the libstdc++ whose newest GLIBCXX this is; undefined where that is not in the list. */
function newestAbiOf(libstdcxx: string): string | undefined {
  const [newestListed = ""] = ABIS.at(-1) ?? [];
  if (isOlder(newestListed, libstdcxx)) return undefined;
  return ABIS.findLast(([since]) => compareVersions(since, libstdcxx) <= 0)?.[1];
}

/** The newest version whose symbols are asked for. */
function newest(content: string, symbolVersion: RegExp): string | undefined {
  const versions = [...content.matchAll(symbolVersion)].map(([, version = ""]) => version);
  return versions.sort(compareVersions).at(-1);
}

function isOlder(there: string | undefined, needed: string | undefined): there is string {
  return there !== undefined && needed !== undefined && compareVersions(there, needed) < 0;
}

function compareVersions(one: string, other: string): number {
  const [a = [], b = []] = [one, other].map((version) => version.split(".").map(Number));
  const differences = b.map((part, at) => (a[at] ?? 0) - part);
  return differences.find((difference) => difference !== 0) ?? a.length - b.length;
}
