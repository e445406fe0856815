import { noContainer } from "../spec/name.ts";
import { placesAt, placesOf } from "./places.ts";
import { type Found, find } from "./status.ts";

/** The container that a command is about: the same one also once it is renamed, and no other that has its name by then. */
export interface Handle {
  /** The state directory. */
  readonly root: string;
  readonly key: string;
  readonly id: string;
  /** As it was when it was found. */
  readonly name: string;
}

/** Undefined if no container has that name. */
export function handleNamed(root: string, name: string): Handle | undefined {
  const places = placesOf(root, name);
  const found = find(places);
  return found && { root, key: places.key, id: found.record.id, name };
}

/** What it is doing now; undefined once it was removed. */
export function lookAt({ root, key, id }: Handle): Found | undefined {
  const found = find(placesAt(root, key));
  return found?.record.id === id ? found : undefined;
}

/** The same; throws Failure (exit 125) once it was removed. */
export function lookAtExisting(handle: Handle): Found {
  const found = lookAt(handle);
  if (found) return found;
  throw noContainer(handle.name);
}
