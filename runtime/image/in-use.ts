import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { resolve } from "node:path";
import { unescapeMountinfo } from "../host/mountinfo.ts";
import { nameOfKey } from "../state/names.ts";
import { rootfsOf } from "./store.ts";

/**
 * Who uses an image: "container NAME", or "process PID" if the container is not known; undefined if nobody does.
 * The kernel knows: every mount namespace lists its overlays with their layers.
 */
export function userOf(root: string, image: string): string | undefined {
  const layer = rootfsOf(root, image);
  const seen = new Set<string>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    for (const options of overlaysOf(pid, seen)) {
      if (lowerDirectoriesOf(options).includes(layer)) return nameOf(root, options) ?? `process ${pid}`;
    }
  }
  return undefined;
}

/** The options of the overlays in a process's mount namespace, unless that was seen already. */
function overlaysOf(pid: string, seen: Set<string>): string[] {
  try {
    const namespace = readlinkSync(`/proc/${pid}/ns/mnt`);
    if (seen.has(namespace)) return [];
    seen.add(namespace);
    const mounts = readFileSync(`/proc/${pid}/mountinfo`, "latin1").split("\n");
    // proc_pid_mountinfo(5): after " - " come type, source and the file system's own options.
    return mounts.flatMap((mount) => / - overlay \S+ (.*)$/.exec(mount)?.[1] ?? []);
  } catch {
    // The process ended, or belongs to another user, who can't use our images.
    return [];
  }
}

function lowerDirectoriesOf(options: string): string[] {
  const layers = optionOf(options, "lowerdir")?.match(/(?:\\.|[^\\:])+/g) ?? [];
  return layers.map(unescaped);
}

/** overlayfs and mountinfo both escape: the one `\,` `\:` `\\`, the other octal numbers. */
function optionOf(options: string, name: string): string | undefined {
  return new RegExp(`(?:^|,)${name}\\+?=((?:\\\\.|[^\\\\,])*)`).exec(unescapeMountinfo(options))?.[1];
}

function unescaped(value: string): string {
  return Buffer.from(value.replace(/\\(.)/g, "$1"), "latin1").toString();
}

function nameOf(root: string, options: string): string | undefined {
  const containers = `${resolve(root, "containers")}/`;
  const upper = unescaped(optionOf(options, "upperdir") ?? "");
  if (!upper.startsWith(containers)) return undefined;
  const [key = ""] = upper.slice(containers.length).split("/");
  return `container ${nameOfKey(root, key)}`;
}
