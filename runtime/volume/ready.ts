import { readdirSync, statSync } from "node:fs";
import { Failure } from "../failure.ts";
import type { Shim } from "../host/shim.ts";
import type { OwnVolume } from "../resources/volume.ts";
import type { Mount } from "../spec/mounts.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import { clearLeftovers } from "./leftovers.ts";
import { dataOf, isAnonymous, makeVolume, readVolume, volumesIn } from "./store.ts";

/**
 * Makes the volumes of a container that do not exist yet. Into one that is empty goes what the image has there, with its
 * owners and modes, as with docker; not of the image `host`, which is this machine.
 */
export async function readyVolumes(shim: Shim, root: string, spec: ContainerSpec): Promise<void> {
  const used = volumesIn(spec, root);
  for (const { name, mount } of used) {
    if (!readVolume(root, name)) make(root, name, mount);
    checkDevice(name, readVolume(root, name)?.options?.["device"]);
    const { layers } = spec.root;
    if (layers.includes("/") || mount.nocopy || !isEmpty(dataOf(root, name))) continue;
    // Loaded only now: with what reads images, it takes 10 ms to load.
    const { fillVolume } = await import("./fill.ts");
    await fillVolume(shim, { layers, path: mount.destination, root, name });
  }
  if (used.length > 0) await clearLeftovers(shim, root);
}

function make(root: string, name: string, { labels = {}, volumeOptions }: Mount): void {
  const options = volumeOptions && { options: volumeOptions };
  makeVolume(root, { version: 1, name, created: Date.now(), labels, anonymous: isAnonymous(name), ...options });
}

/** Throws Failure if a volume is a directory of this machine that is not there. */
function checkDevice(name: string, device: string | undefined): void {
  if (device === undefined || statSync(device, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new Failure(`the volume ${name} is ${device}, and there is no such directory`, {
    code: "mount-source-missing",
    remedy: `make it, or remove the volume: tinydocker volume rm ${name}`,
  });
}

/** Those that were made for this container, without a name, and that end with it where it is removed at its exit. */
export function ownVolumes(root: string, spec: ContainerSpec): OwnVolume[] {
  const own = volumesIn(spec, root).filter(({ mount }) => mount.anonymous);
  return own.map(({ name }) => ({ kind: "volume", name }));
}

function isEmpty(directory: string): boolean {
  return readdirSync(directory).length === 0;
}
