import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A bundle that devtool put on a target has no package.json beside it. */
export function version(): string {
  const here = import.meta.filename;
  const file = join(dirname(here), here.endsWith(".ts") ? "../../package.json" : "../package.json");
  const manifest: unknown = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  return typeof manifest === "object" && manifest && "version" in manifest ? String(manifest.version) : "unknown";
}
