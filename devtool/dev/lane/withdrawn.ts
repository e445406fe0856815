import { capture } from "../../targets/capture.ts";
import type { Connected } from "./lane.ts";

const PRESENT = `cd -- "$1" 2>/dev/null || exit 0
exec xargs -0 sh -c 'for path; do if [ -e "$path" ] || [ -L "$path" ]; then printf "%s\\0" "$path"; fi; done' sh`;

/** Which of what was sent before the mirror still has: it may be another one, or have been removed. Paths are bytes. */
export async function stillThere(
  { connection, mirror }: Pick<Connected, "connection" | "mirror">,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (paths.length === 0) return [];
  const input = Buffer.from(paths.join("\0"), "latin1");
  const { stdout } = await capture(connection, ["sh", "-c", PRESENT, "sh", mirror], { signal }, input);
  const present = new Set(stdout.toString("latin1").split("\0"));
  return paths.filter((path) => present.has(path));
}
