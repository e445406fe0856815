import { existsSync, lstatSync } from "node:fs";
import { join } from "node:path";
import type { Imported } from "./import.ts";

/** Warnings about an image that was imported, but is not complete or not useful. */
export function hints({ record, extracted, rootfs }: Imported): string[] {
  const { devices, sockets, mountPoints, attributes, executable } = extracted;
  const found: string[] = [];
  if (devices > 0) found.push(`left out ${count(devices, "device node")} below dev/: a container gets its own /dev`);
  if (sockets > 0) found.push(`left out ${count(sockets, "socket")}: a program makes the one it listens on`);
  if (mountPoints > 0) found.push(`left ${count(mountPoints, "mount point")} empty: other file systems are not copied`);
  if (attributes > 0) found.push(`${count(attributes, "file")} lost extended attributes, such as file capabilities`);
  if (existsSync(join(rootfs, "manifest.json")) || existsSync(join(rootfs, "oci-layout"))) {
    found.push(`${record.name} contains layers, not a root file system; use \`docker export\`, not \`docker save\``);
  } else if (!executable && !PROGRAM_DIRECTORIES.some((name) => has(rootfs, name))) {
    found.push(
      `${record.name} has neither ${PROGRAM_DIRECTORIES.join(" nor ")} nor any executable: is it a root file system?`,
    );
  }
  return found;
}

const PROGRAM_DIRECTORIES = ["bin", "usr/bin", "sbin"];

/** In many images bin is a symlink. */
function has(rootfs: string, name: string): boolean {
  return lstatSync(join(rootfs, name), { throwIfNoEntry: false }) !== undefined;
}

export function count(number: number, what: string): string {
  return `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
}
