import { Failure } from "../failure.ts";
import { isBelow } from "../spec/path.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import type { HostFacts } from "./host-facts.ts";
import { overlaysIn, showsHostRoot } from "./root.ts";
import type { Step } from "./step.ts";

export function workingDirectory({ process: { cwd } }: ContainerSpec): Step[] {
  return cwd === "/" ? [] : [{ op: "MKDIR", mode: 0o755, path: cwd, reason: "workdir" }];
}

export function protectPaths({ linux }: ContainerSpec): Step[] {
  return [
    ...linux.readonlyPaths.map((path): Step => ({ op: "READONLY", path, reason: "readonly" })),
    ...linux.maskedPaths.map((path): Step => ({ op: "MASK", path, reason: "mask" })),
  ];
}

function checkBelowMask(spec: ContainerSpec, { stateRoot }: HostFacts): void {
  const hidden = spec.mounts.find(({ destination }) => showsHostRoot(spec) && isBelow(destination, stateRoot));
  if (hidden === undefined) return;
  throw new Failure(`can't mount ${hidden.source}:${hidden.destination}: nothing below ${stateRoot} can be seen`, {
    code: "usage",
    remedy: "choose another destination: tinydocker's own files are there, and are hidden from the image host",
  });
}

function isMountPoint({ mounts }: ContainerSpec, path: string): boolean {
  return mounts.some(({ destination }) => destination === path);
}

/** The root's mount, and those of its parts; requested mounts stay as they were requested. */
function readonlyRoot(spec: ContainerSpec, host: HostFacts): Step[] {
  const paths = ["/", ...overlaysIn(host.rootEntries).filter((path) => !isMountPoint(spec, path))];
  return paths.map((path) => ({ op: "MOUNT_RDONLY", path, reason: "rootReadonly" }));
}

/** After the last step that makes a mount point. */
export function maskHost(spec: ContainerSpec, host: HostFacts): Step[] {
  checkBelowMask(spec, host);
  const mask = { op: "MASK", path: host.stateRoot, reason: "maskState" } as const;
  return [
    ...(showsHostRoot(spec) && !isMountPoint(spec, host.stateRoot) ? [mask] : []),
    ...(spec.root.readonly ? readonlyRoot(spec, host) : []),
  ];
}
