import { imageEvent } from "../../events/image.ts";
import { Failure } from "../../failure.ts";
import { unlessDamaged } from "../damaged.ts";
import { familiarName, fullName, parseReference } from "../registry/reference.ts";
import { systemFailure } from "../system-failure.ts";
import { clearUnderWay } from "./clear.ts";
import { removeDownloads } from "./download-lock.ts";
import { containers, partsOf } from "./in-use.ts";
import { allNames, type NamedImage, readName, removeName } from "./names.ts";
import { findStored, idOf, isWholeId, namesOfDigest, namesOfSame, readStored } from "./stored-image.ts";
import { type Removed, sweepContent } from "./sweep.ts";

/** What became of an image. */
export interface Untagged {
  /** Those that it lost. */
  readonly names: readonly string[];
  /** Of one that is gone with them. */
  readonly id?: string | undefined;
}

/**
 * Takes a name from an image, and removes what no other image and no container has of it. By a digest, it takes all
 * names in that repository, as docker does; by an id, the image must have one name, unless all are to be taken. Returns undefined
 * for an unknown image. Throws Failure (exit 125) where a container uses it, and no name would be left.
 */
export async function removeStored(root: string, name: string, withAllNames: boolean): Promise<Untagged | undefined> {
  const byName = readByName(root, name);
  const [named = findStored(root, name)?.named] = byName;
  if (!named) return undefined;
  const names = namesOfSame(root, named);
  if (byName.length === 0 && names.length > 1 && !withAllNames)
    throw new Failure(`the image ${name} has several names: ${names.map(shown).join(", ")}`, {
      code: "image-in-use",
      remedy: "remove each by its name, or all of them with --force",
    });
  const removed = byName.length > 0 ? byName : names;
  const isLast = removed.length === names.length;
  if (isLast) refuseUsed(root, named);
  const parts = removed.map((one) => partsOf(root, one));
  const id = isLast ? idOf(root, named) : undefined;
  for (const one of removed) {
    imageEvent(root, "untag", shown(one));
    if (isLast && one === removed.at(-1)) imageEvent(root, "delete", shown(one));
    removeName(root, one.name);
  }
  await sweepContent(root, {
    blobs: new Set(parts.flatMap(({ blobs }) => [...blobs])),
    layers: new Set(parts.flatMap(({ layers }) => [...layers])),
  });
  return { names: removed.map(shown), id };
}

/** A damaged image has a name too, which can be removed. */
function readByName(root: string, name: string): readonly NamedImage[] {
  if (isWholeId(name)) return [];
  const reference = parseReference(name);
  if (reference.digest !== undefined) return namesOfDigest(root, reference);
  return [readName(root, fullName(reference)) ?? []].flat();
}

function shown({ name }: NamedImage): string {
  return familiarName(parseReference(name));
}

function refuseUsed(root: string, named: NamedImage): void {
  const user = userOf(root, named);
  if (user === undefined) return;
  throw new Failure(`the image ${shown(named)} is used by container ${user}`, {
    code: "image-in-use",
    remedy: "stop and remove that first",
  });
}

/** Other images may have the same layers. A damaged one has no user: it can be removed, and pulled again. */
function userOf(root: string, named: NamedImage): string | undefined {
  const id = unlessDamaged(() => readStored(root, named).id);
  return id === undefined ? undefined : containers(root).find(({ image }) => image === id)?.name;
}

export interface Pruned extends Removed {
  /** The names that were removed with their images. */
  readonly names: readonly string[];
}

/** Removes what no image and no container has, and the wanted ones, by their names, of the images that no container uses. */
export async function pruneStored(root: string, isWanted: (name: string) => boolean): Promise<Pruned> {
  try {
    return await pruneUnused(root, isWanted);
  } catch (error) {
    throw systemFailure("can't remove the unused images", root, "state-unwritable", error);
  }
}

async function pruneUnused(root: string, isWanted: (name: string) => boolean): Promise<Pruned> {
  const isUnused = (named: NamedImage) => isWanted(shown(named)) && userOf(root, named) === undefined;
  const unused = allNames(root).filter((named) => unlessGone(() => isUnused(named)));
  for (const named of unused) {
    imageEvent(root, "delete", shown(named));
    removeName(root, named.name);
  }
  await clearUnderWay(root);
  const removed = await sweepContent(root);
  return { names: unused.map(shown), layers: removed.layers, bytes: removed.bytes + (await removeDownloads(root)) };
}

/** False of an image that another command has just removed. */
function unlessGone(look: () => boolean): boolean {
  try {
    return look();
  } catch (error) {
    if (error instanceof Failure && error.code === "image-not-found") return false;
    throw error;
  }
}
