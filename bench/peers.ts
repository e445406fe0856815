import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The package, on Debian and Ubuntu, of each program that is measured or used. */
const PACKAGES = {
  crun: "crun",
  runc: "runc",
  bwrap: "bubblewrap",
  unshare: "util-linux",
  rsync: "rsync",
  ssh: "openssh-client",
  sshd: "openssh-server",
  make: "make",
  ip: "iproute2",
  nft: "nftables",
  "docker-registry": "docker-registry",
  skopeo: "skopeo",
  umoci: "umoci",
  podman: "podman",
  git: "git",
  lsyncd: "lsyncd",
  unison: "unison",
} as const;

export type Peer = keyof typeof PACKAGES;

/** Returns the absolute path of a program; undefined, and a message on what to install, if it is missing. */
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
