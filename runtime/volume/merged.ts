import { lstatSync, type Stats } from "node:fs";
import { readAttributes } from "../host/attributes.ts";
import type { Shim } from "../host/shim.ts";
import type { Layers } from "../image/extract/extract.ts";
import { overlayTree } from "../image/layers/overlay-tree.ts";
import { leadsTo } from "../image/leads-to.ts";

const OPAQUE = /^(trusted|user)\.overlay\.opaque$/;

/**
 * What an image has in a directory, as overlayfs would show it: that of each layer, the lowest first, with what it removes of
 * those below. Empty if the path leads to none. `layers`: the topmost first.
 */
export function mergedTree(shim: Shim, layers: readonly string[], path: string): Layers {
  const place = leadsTo(layers, path);
  return seen(shim, layers, place)
    .map((layer) => overlayTree(shim, `${layer}${place}`))
    .reverse();
}

/** The layers whose directory of that path can be seen, the topmost first. */
function seen(shim: Shim, layers: readonly string[], place: string): string[] {
  const prefixes = place.split("/").map((_, i, parts) => parts.slice(0, i + 1).join("/"));
  const all: string[] = [];
  for (const layer of layers) {
    const found = prefixes.map((prefix) => statsOf(`${layer}${prefix}`));
    if (found.some((stats) => stats && !stats.isDirectory())) break;
    if (found.at(-1)) all.push(layer);
    if (prefixes.some((prefix, i) => found[i] && isOpaque(shim, `${layer}${prefix}`))) break;
  }
  return all;
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function isOpaque(shim: Shim, directory: string): boolean {
  return readAttributes(shim, Buffer.from(directory)).some(({ name }) => OPAQUE.test(name));
}
