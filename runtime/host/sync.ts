import { getSystemErrorMap } from "node:util";
import { openShim } from "./shim.ts";

/**
 * Before a directory is given the name by which others find it: else that may be all that is left of it after a loss of power.
 * Throws as Node.js's functions do.
 */
export async function syncDirectory(path: string): Promise<void> {
  const errno = await (await openShim()).sync(path);
  if (errno === 0) return;
  const [code = "", words = ""] = getSystemErrorMap().get(errno) ?? [];
  throw Object.assign(new Error(`${code}: ${words}, syncfs '${path}'`), { errno, code, path, syscall: "syncfs" });
}
