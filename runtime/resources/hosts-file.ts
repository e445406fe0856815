import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { hostsOf } from "../network/hosts-file.ts";
import type { Lease, Networks } from "../network/network.ts";
import { isMissing } from "../state/lock.ts";

/** The file that a container has as its /etc/hosts. */
export function hostsPath(root: string, container: string): string {
  return join(root, "networks", "hosts", container);
}

export function makeHosts(root: string, networks: Networks, lease: Lease): void {
  const path = hostsPath(root, lease.container);
  const write = () => writeFileSync(path, hostsOf(networks, lease), { mode: 0o644 });
  try {
    write();
  } catch (error) {
    if (!isMissing(error)) throw error;
    mkdirSync(dirname(path), { mode: 0o700 });
    write();
  }
}

/** In place, because a container has the file itself mounted: a new one of the same name would not appear in it. */
export function rewriteHosts(root: string, networks: Networks, lease: Lease): void {
  const text = Buffer.from(hostsOf(networks, lease));
  let fd: number;
  try {
    fd = openSync(hostsPath(root, lease.container), constants.O_WRONLY);
  } catch (error) {
    // The container is just being removed.
    if (isMissing(error)) return;
    throw error;
  }
  try {
    // All in one write: whoever reads meanwhile finds names, if old ones at the end.
    writeSync(fd, text, 0, text.length, 0);
    // Most grow, and file systems take long to set even the same length.
    if (fstatSync(fd).size > text.length) ftruncateSync(fd, text.length);
  } finally {
    closeSync(fd);
  }
}

/** It need not exist. */
export function removeHosts(root: string, container: string): void {
  try {
    unlinkSync(hostsPath(root, container));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
