import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian's and Ubuntu's package of each program measured against or with. */
const PACKAGES = {
  crun: "crun",
  runc: "runc",
  bwrap: "bubblewrap",
  unshare: "util-linux",
  rsync: "rsync",
  ssh: "openssh-client",
  sshd: "openssh-server",
  make: "make",
} as const;

export type Peer = keyof typeof PACKAGES;

/** The absolute path of a program; says what to install and gives undefined where there is none. */
export function find(peer: Peer): string | undefined {
  const path = `${process.env["PATH"] ?? ""}${delimiter}/usr/sbin${delimiter}/sbin`;
  const found = path
    .split(delimiter)
    .map((directory) => join(directory, peer))
    .find(isExecutable);
  if (!found) process.stderr.write(`bench: ${peer} is left out: apt-get install ${PACKAGES[peer]}\n`);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
