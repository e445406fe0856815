import { existsSync } from "node:fs";
import { Failure } from "../failure.ts";
import { checkedName } from "../spec/name.ts";
import type { Image } from "../spec/spec.ts";
import type { ImageConfig } from "./config.ts";
import { imageNames, readRecord, recordOf, rootfsOf } from "./store.ts";

/** The built-in image: the machine's own root, so a first run needs no download. */
export const HOST: Image = { name: "host", layers: ["/"] };

export interface StoredImage extends Image {
  readonly config?: ImageConfig;
}

/** `root` is stateRoot(). Throws Failure (exit 125) for a name that is not valid, and for no image or a damaged one. */
export function resolveImage(root: string, name: string): StoredImage {
  if (name === HOST.name) return HOST;
  checkExists(root, name);
  const { config } = readRecord(root, name);
  return { name, layers: [rootfsOf(root, name)], ...(config && { config }) };
}

/** Throws Failure (exit 125) for a name that is not valid and for an image that does not exist. */
export function checkExists(root: string, name: string): void {
  if (existsSync(recordOf(root, checkedName("image", name)))) return;
  const names = imageNames(root);
  throw new Failure(`there is no image ${name}; available: ${[HOST.name, ...names].join(", ")}`, {
    code: "image-not-found",
    remedy: `tinydocker image import ${name} FILE.tar[.gz|.zst]|DIR|-`,
  });
}
