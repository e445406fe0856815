import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { imageEvent } from "../events/image.ts";
import { Failure } from "../failure.ts";
import { namesDirectory } from "./content/places.ts";
import { removeStored, type Untagged } from "./content/remove.ts";
import { userOf } from "./in-use.ts";
import { clearLeftovers, makeUnderWay, removeTree } from "./leftovers.ts";
import { checkExists, HOST, isImported } from "./resolve.ts";
import { recordOf } from "./store.ts";
import { systemFailure } from "./system-failure.ts";

/**
 * Throws Failure (exit 125) for the built-in image, one that does not exist, one that a container uses, and an id of one that has
 * several names, unless all of them are to go.
 */
export async function removeImage(root: string, name: string, withAllNames = false): Promise<Untagged> {
  const untagged = await removeNamed(root, name, withAllNames);
  if (untagged) return untagged;
  if (name === HOST.name)
    throw new Failure(`the image ${HOST.name} is built in and can't be removed`, { code: "image-built-in" });
  checkExists(root, name);
  try {
    await removeUnused(root, name);
    return { names: [name] };
  } catch (error) {
    throw systemFailure(`can't remove the image ${name}`, root, "state-unwritable", error);
  }
}

/** One from a registry; of an imported one, the name counts first. */
async function removeNamed(root: string, name: string, withAllNames: boolean): Promise<Untagged | undefined> {
  if (name === HOST.name || isImported(root, name) || !existsSync(namesDirectory(root))) return undefined;
  try {
    return await removeStored(root, name, withAllNames);
  } catch (error) {
    throw systemFailure(`can't remove the image ${name}`, root, "state-unwritable", error);
  }
}

async function removeUnused(root: string, name: string): Promise<void> {
  refuseUsed(root, name);
  const underWay = makeUnderWay(root, "remove");
  const [image, removed] = [dirname(recordOf(root, name)), join(underWay, name)];
  // One rename hides the image, so a killed removal leaves no half of it; the next import or removal does the rest.
  imageEvent(root, "delete", name);
  await rename(image, removed);
  try {
    // No container can start on it any more, so this second check is final.
    refuseUsed(root, name);
  } catch (error) {
    await rename(removed, image);
    await removeTree(underWay);
    throw error;
  }
  await removeTree(underWay);
  await clearLeftovers(root);
}

function refuseUsed(root: string, name: string): void {
  const user = userOf(root, name);
  if (user)
    throw new Failure(`the image ${name} is used by ${user}`, { code: "image-in-use", remedy: "stop it first" });
}
