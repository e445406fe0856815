import { resolve } from "node:path";
import { storedImages } from "../../image/content/describe.ts";
import { imageNames } from "../../image/store.ts";
import { findEach } from "../../state/containers.ts";
import { readNetworks } from "../../state/network-store.ts";
import { stateRoot } from "../../state/root.ts";
import { isAnonymous, volumeNames } from "../../volume/store.ts";
import type { Kind } from "./candidates.ts";

/** The names of what there is. Whoever presses Tab must not be told what is wrong with it: then there is nothing. */
export function namesOf(kind: Kind): readonly string[] {
  try {
    return READ[kind](resolve(stateRoot()));
  } catch {
    return [];
  }
}

const READ: Readonly<Record<Kind, (root: string) => readonly string[]>> = {
  container: (root) => findEach(root, () => {}).map(({ record }) => record.name),
  image: (root) => [...imageNames(root), ...storedImages(root).map(({ name }) => name)],
  network: (root) => readNetworks(root).networks.map(({ name }) => name),
  volume: (root) => volumeNames(root).filter((name) => !isAnonymous(name)),
};
