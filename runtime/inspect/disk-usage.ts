import { join } from "node:path";
import { filesBytes } from "../container/files/size.ts";
import { containers, partsOf } from "../image/content/in-use.ts";
import { allNames } from "../image/content/names.ts";
import { layersDirectory } from "../image/content/places.ts";
import { readLayerRecord } from "../image/content/stack.ts";
import { unlessDamaged } from "../image/damaged.ts";
import { imageNames, readRecord } from "../image/store.ts";
import { imageName } from "../spec/spec.ts";
import { findEach } from "../state/containers.ts";
import { placesOf } from "../state/places.ts";
import type { Found } from "../state/status.ts";
import { usersOf } from "../volume/remove.ts";
import { dataOf, volumeNames } from "../volume/store.ts";

/** What all things of a kind take of the disk. */
export interface DiskUsage {
  readonly type: string;
  readonly total: number;
  /** Those that containers have, or that run. */
  readonly active: number;
  readonly bytes: number;
  /** Of those that are not active. */
  readonly reclaimable: number;
}

interface Thing {
  readonly isActive: boolean;
  readonly bytes: number;
}

/** In docker's order. What is damaged counts as nothing. */
export function diskUsage(root: string): DiskUsage[] {
  const found = findEach(root, () => {});
  return [
    imagesUsage(root, found),
    usageOf("Containers", containersIn(root, found)),
    usageOf("Local Volumes", volumesIn(root)),
    usageOf("Build Cache", []),
  ];
}

function usageOf(type: string, things: readonly Thing[]): DiskUsage {
  const [active, idle] = [things.filter(({ isActive }) => isActive), things.filter(({ isActive }) => !isActive)];
  const reclaimable = sum(idle);
  return { type, total: things.length, active: active.length, bytes: sum(active) + reclaimable, reclaimable };
}

function sum(things: readonly Thing[]): number {
  return things.reduce((total, { bytes }) => total + bytes, 0);
}

/** A layer that several images have counts once. */
function imagesUsage(root: string, found: readonly Found[]): DiskUsage {
  const stacks = containers(root).map(({ layers }) => new Set(layers));
  const used = new Set(stacks.flatMap((stack) => [...stack]));
  const images = [...new Map(allNames(root).map((named) => [named.manifest.digest, partsOf(root, named)])).values()];
  const isUsed = ({ layers }: { readonly layers: ReadonlySet<string> }) =>
    stacks.some((stack) => stack.size === layers.size && [...layers].every((layer) => stack.has(layer)));
  const layers = [...new Set(images.flatMap((image) => [...image.layers]))].map((layer) => ({
    isActive: used.has(layer),
    bytes: unlessDamaged(() => readLayerRecord(join(layersDirectory(root), layer)))?.bytes ?? 0,
  }));
  const imported = importedIn(root, found);
  const { bytes, reclaimable } = usageOf("Images", [...layers, ...imported]);
  const active = images.filter(isUsed).length + imported.filter(({ isActive }) => isActive).length;
  return { type: "Images", total: images.length + imported.length, active, bytes, reclaimable };
}

function importedIn(root: string, found: readonly Found[]): Thing[] {
  const used = new Set(found.map(({ record }) => imageName(record.spec)));
  return imageNames(root).map((name) => ({
    isActive: used.has(name),
    bytes: unlessDamaged(() => readRecord(root, name))?.bytes ?? 0,
  }));
}

function containersIn(root: string, found: readonly Found[]): Thing[] {
  return found.map(({ record, status }) => ({
    isActive: status.state === "running" || status.state === "restarting",
    bytes: filesBytes(placesOf(root, record.name).upper),
  }));
}

function volumesIn(root: string): Thing[] {
  return volumeNames(root).map((name) => ({
    isActive: usersOf(root, name).length > 0,
    bytes: filesBytes(dataOf(root, name)),
  }));
}
