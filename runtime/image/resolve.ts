import { existsSync } from "node:fs";
import { Failure } from "../failure.ts";
import { checkedName } from "../spec/name.ts";
import type { Image } from "../spec/spec.ts";
import { imageNames, recordOf, rootfsOf } from "./store.ts";

/** The built-in image: the machine's own root, so a first run needs no download. */
export const HOST: Image = { name: "host", layers: ["/"] };

/** `root` is stateRoot(). Throws Failure (exit 125) for a name that is not valid and for an image that does not exist. */
export async function resolveImage(root: string, name: string): Promise<Image> {
  checkedName("image", name);
  if (name === HOST.name) return HOST;
  if (existsSync(recordOf(root, name))) return { name, layers: [rootfsOf(root, name)] };
  const names = await imageNames(root);
  throw new Failure(`there is no image ${name}; available: ${[HOST.name, ...names].join(", ")}`, {
    code: "image-not-found",
    remedy: `tinydocker image import ${name} FILE.tar[.gz|.zst]|DIR|-`,
  });
}
