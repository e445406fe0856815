import { homedir } from "node:os";
import { join } from "node:path";

/** devtool's own on this machine: XDG Base Directory Specification; its equivalents on macOS and Windows. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  const home = homedir();
  const base = {
    win32: env["LOCALAPPDATA"] || join(home, "AppData/Local"),
    darwin: env["XDG_CACHE_HOME"] || join(home, "Library/Caches"),
  }[platform as string];
  return join(base ?? (env["XDG_CACHE_HOME"] || join(home, ".cache")), "devtool");
}
