import { type BigIntStats, lstatSync } from "node:fs";
import { joinPath, localPath } from "./bytes.ts";

/** Why nothing can be put into this folder: what is here is not a folder, or is a link, which may lead out of the project. */
export function blockedAt(root: string, folder: string): string | undefined {
  let path = "";
  for (const name of folder.split("/")) {
    path = joinPath(path, name);
    const here = path === "" ? undefined : stateOf(root, path);
    if (here === undefined) return undefined;
    if (!here.isDirectory()) return `${path} is ${kindOf(here)} here`;
  }
  return undefined;
}

/** Of what is not a folder. */
export function kindOf(here: BigIntStats): string {
  return here.isSymbolicLink() ? "a symbolic link" : "a file";
}

export function stateOf(root: string, path: string): BigIntStats | undefined {
  return lstatSync(localPath(root, path), { bigint: true, throwIfNoEntry: false });
}
