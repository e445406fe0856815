import { join } from "node:path";
import type { Mount } from "../spec/mounts.ts";
import { isBelow } from "../spec/path.ts";
import { isSharedMemory } from "../spec/sharing.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import { type Struct, withOmitted } from "../template/value.ts";

/** Those that were asked for. `root`: the state directory. */
export function mountsOf({ mounts }: ContainerSpec, root: string): Struct[] {
  return mounts.filter(isAsked).map((mount) => mountOf(mount, join(root, "volumes")));
}

/** Of every container are /dev, /dev/shm and others. */
export function isAsked(mount: Mount): boolean {
  const { type, destination } = mount;
  if (isSharedMemory(mount)) return false;
  return type === "bind" || (type === "tmpfs" && destination !== "/dev" && destination !== "/dev/shm");
}

function mountOf({ type, source, destination, options }: Mount, volumes: string): Struct {
  const isVolume = isBelow(source, volumes);
  const [name = ""] = isVolume ? source.slice(volumes.length + 1).split("/") : [];
  const readonly = options.some((option) => option === "ro" || option === "rro");
  const about = {
    Type: isVolume ? "volume" : type,
    ...(isVolume ? { Name: name, Driver: "local" } : {}),
    Source: type === "bind" ? source : "",
    Destination: destination,
    Mode: readonly ? "ro" : "",
    RW: !readonly,
    Propagation: type === "bind" ? (options.find((option) => PROPAGATIONS.includes(option)) ?? "rprivate") : "",
  };
  return isVolume ? about : withOmitted(about, { Name: "", Driver: "" });
}

const PROPAGATIONS = ["shared", "rshared", "slave", "rslave", "private", "rprivate"];
