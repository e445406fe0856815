import { readAttributes } from "../../host/attributes.ts";
import type { Shim } from "../../host/shim.ts";
import { BadImage, type Entry, shown, type Whiteout } from "../archive/entry.ts";
import { readTree } from "../archive/tree.ts";

const OPAQUE = /^(trusted|user)\.overlay\.opaque$/;
const REDIRECT = /^(trusted|user)\.overlay\.(redirect|metacopy)$/;
const MARK = /^(trusted|user)\.overlay\./;

/** A directory as overlayfs has a layer, with its marks as an archive of layers has them. */
export async function* overlayTree(shim: Shim, directory: string): AsyncGenerator<Entry | Whiteout> {
  for await (const entry of readTree(directory, (file) => readAttributes(shim, file))) {
    if (isWhiteout(entry)) {
      yield { kind: "whiteout", path: entry.path };
      continue;
    }
    const { attributes } = entry;
    if (attributes.some(({ name }) => REDIRECT.test(name)))
      throw new BadImage(`${shown(entry.path)} is a part of a file of another layer, which this kernel has moved`);
    yield { ...entry, attributes: attributes.filter(({ name }) => !MARK.test(name)) };
    if (attributes.some(({ name }) => OPAQUE.test(name))) yield { kind: "opaque", path: entry.path };
  }
}

function isWhiteout(entry: Entry): boolean {
  return entry.kind === "device" && entry.node?.major === 0 && entry.node.minor === 0;
}
