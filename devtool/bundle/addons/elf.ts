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
const HEADER_BYTES = 20;
const ELF_MAGIC = Buffer.from("\x7fELF", "latin1");

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
