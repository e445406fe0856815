import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { noContainer } from "../spec/name.ts";
import { type Handle, handleNamed } from "./handle.ts";
import { isMissing, lockedKeys } from "./lock.ts";
import { placesAt, placesOf } from "./places.ts";
import { type Found, find } from "./status.ts";

/** Every container, by name, as it was found; not locked, so the result may be out of date. Throws Failure for a damaged one. */
export function findAll(root: string): Found[] {
  return findEach(root, (error) => {
    throw error;
  });
}

/** The same; a damaged one is reported, and left out. */
export function findEach(root: string, onDamaged: (error: unknown) => void): Found[] {
  const keys = [...new Set([...recordedKeys(root), ...lockedKeys(root)])];
  const places = keys.map((key) => placesAt(root, key)).sort((a, b) => (a.name < b.name ? -1 : 1));
  return places.flatMap((one) => {
    try {
      return find(one) ?? [];
    } catch (error) {
      onDamaged(error);
      return [];
    }
  });
}

/** Those that are kept after their exit. A key can't begin with a dot: such a file is unfinished. */
function recordedKeys(root: string): string[] {
  try {
    return readdirSync(join(root, "records")).filter((key) => !key.startsWith("."));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Without the slash that inspect prints before it; undefined for what can be none, such as a path that leads elsewhere. */
export function nameIn(asked: string): string | undefined {
  return /^\/?([a-zA-Z0-9][a-zA-Z0-9_.-]*)$/.exec(asked)?.[1];
}

const ID = /^[0-9a-f]{1,64}$/;

/**
 * The container that is meant by its name, also with the slash that inspect prints before it, or by the beginning of its id. Throws
 * Failure for none, and for several.
 */
export function handleOf(root: string, asked: string): Handle {
  const name = nameIn(asked);
  const named = name === undefined ? undefined : handleNamed(root, name);
  if (named) return named;
  const damaged: unknown[] = [];
  const all = ID.test(asked) ? findEach(root, (error) => damaged.push(error)) : [];
  const meant = all.filter(({ record }) => record.id.startsWith(asked));
  const [first, second] = meant;
  if (first && !second) return handleFound(root, first);
  // That one may be meant.
  if (!first) throw damaged[0] ?? noContainer(asked);
  throw new Failure(`${asked} is the beginning of several containers' ids`, {
    code: "usage",
    remedy: `write more of the id, or a name: ${meant.map(({ record }) => record.name).join(", ")}`,
  });
}

/** The same; its name. */
export function nameOf(root: string, written: string): string {
  return handleOf(root, written).name;
}

export function handleFound(root: string, { record: { id, name } }: Found): Handle {
  return { root, key: placesOf(root, name).key, id, name };
}
