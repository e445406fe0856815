import { readFileSync } from "node:fs";
import { isNowhere } from "../host/errno.ts";

/** A file's text; undefined where there is no such file. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isNowhere(error)) return undefined;
    throw error;
  }
}
