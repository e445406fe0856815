import { open, readFile } from "node:fs/promises";
import type { Platform } from "./package.ts";

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
