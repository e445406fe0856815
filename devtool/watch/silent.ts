import { statfsSync } from "node:fs";

/**
 * File systems whose other side changes files without this kernel's knowledge, so that it can't tell of that;
 * linux/magic.h, statfs(2).
 */
const SILENT: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB2
  0x65735546, // FUSE: sshfs, virtiofs, Docker Desktop
  0x01021997, // 9P: WSL's Windows drives, QEMU
  0x786f4256, // VirtualBox's shared folders
  0xbacbacbc, // VMware's
  0x7c7c6673, // Parallels'
  0x5346414f, // AFS
  0x00c36400, // Ceph
  0x73757245, // Coda
]);

/** Whether a folder is on a file system that does not tell of all changes. */
export function isSilent(path: string | Buffer): boolean {
  try {
    return process.platform === "linux" && SILENT.has(statfsSync(path).type >>> 0);
  } catch {
    return false;
  }
}
