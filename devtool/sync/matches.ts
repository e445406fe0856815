import { toText } from "../paths/bytes.ts";
import { capture } from "../targets/capture.ts";
import type { Connection, ExecOptions } from "../targets/target.ts";

/**
 * Prints, each ended by a NUL, what there is in $1 of the other arguments: a name, or what matches it, or else itself. In many
 * shells .* also matches the folder itself and the one above it.
 */
const MATCH = `cd -- "$1" || exit
shift
IFS=
say() { printf '%s\\0' "$1"; }
for p; do
  if [ -e "$p" ] || [ -L "$p" ]; then say "$p"; continue; fi
  found=
  for f in $p; do case $f in . | .. | */. | */..) ;; *) found=1; say "$f" ;; esac; done
  [ "$found" ] || say "$p"
done`;

/**
 * The paths, and in the place of a pattern what matches it in the mirror, as a shell there has it; a pattern without that
 * stays. Relative, posix, as bytes.
 */
export async function matchesIn(
  mirror: string,
  paths: readonly string[],
  connection: Connection,
  options: Pick<ExecOptions, "asRoot" | "signal">,
): Promise<readonly string[]> {
  if (!paths.some((path) => /[*?[]/.test(path))) return paths;
  const argv = ["sh", "-c", MATCH, "sh", mirror, ...paths.map(toText)];
  const { status, stdout } = await capture(connection, argv, options);
  return status.code === 0 ? stdout.toString("latin1").split("\0").slice(0, -1) : paths;
}
