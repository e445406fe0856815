import { Failure } from "../failure.ts";

/** What `read` finds; undefined of a damaged image, of which the others must not be hidden. */
export function unlessDamaged<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Failure && error.code === "image-damaged") return undefined;
    throw error;
  }
}
