import type { Struct } from "../template/value.ts";
import { usersOf } from "../volume/remove.ts";
import { dataOf, type Volume } from "../volume/store.ts";

/** A volume as `docker volume inspect` shows it, and the containers that have it. */
export function inspectedVolume(root: string, { name, created, labels, options }: Volume): Struct {
  return {
    CreatedAt: new Date(created).toISOString(),
    Driver: "local",
    Labels: new Map(Object.entries(labels)),
    Mountpoint: dataOf(root, name),
    Name: name,
    Options: options === undefined ? null : new Map(Object.entries(options)),
    Scope: "local",
    Containers: usersOf(root, name),
  };
}
