import { buffer, text } from "node:stream/consumers";
import type { Connected } from "../dev/lane.ts";
import { takeBack } from "../dev/owner.ts";
import { Failure } from "../failure.ts";
import { createFilter } from "../ignore/filter.ts";
import { agentFile } from "../targets/agent-client/agent-file.ts";
import type { Removal } from "./removal.ts";

export type Place = Pick<Connected, "connection" | "facts" | "mirror">;

/**
 * Prints KIND, KiB and PATH, each ended by a NUL, of the mirror $1, and in the cache $2 of agents other than $3 and,
 * unless $4 is empty, of mirrors in which nothing was changed or read for $4 minutes. Old mirrors are looked for in
 * devtool's own folder only: in one of the user's, a name alone does not tell a mirror from something else.
 */
const LIST = `
say() { k=$(du -skx "$2" 2>/dev/null | cut -f 1); printf '%s\\0%s\\0%s\\0' "$1" "\${k:-0}" "$2"; }
folder() { [ -d "$1" ] && [ ! -L "$1" ]; }
unused() { recent=$(find "$1" -xdev '(' -cmin "-$2" -o ! -type d -amin "-$2" ')' -print 2>/dev/null) && [ ! "$recent" ]; }
if folder "$1"; then say mirror "$1"; fi
for a in "$2"/agent-????????????????.mjs; do
  if [ "$a" != "$2/$3" ] && [ -f "$a" ] && [ ! -L "$a" ]; then say agent "$a"; fi
done
if [ "$4" ] && folder "$2/mirrors"; then
  x='[0-9a-f]'
  for m in "$2"/mirrors/*-$x$x$x$x$x$x$x$x; do
    if [ "$m" != "$1" ] && folder "$m" && unused "$m" "$4"; then say 'old mirror' "$m"; fi
  done
fi`;

/** Directories of the login user's that it may not write to are made writable. What is mounted inside is not ours. */
const REMOVE = `
real=$(cd -P "\${1%/*}" && printf %s "$(pwd -P)/\${1##*/}" | sed 's/\\\\/\\\\134/g; s/ /\\\\040/g') || exit
while read -r _ _ _ _ at _; do
  case $at in "$real" | "$real"/*) printf '%b is mounted there\\n' "$at" >&2; exit 1 ;; esac
done </proc/self/mountinfo
rm -rf "$1" 2>/dev/null && exit
find "$1" -xdev -type d ! -perm -700 -exec chmod u+rwx '{}' ';' 2>/dev/null
exec rm -rf "$1"`;

const MINUTES_PER_DAY = 24 * 60;

/** What devtool keeps on the target. `oldDays`: also mirrors that were not used for so long. */
export async function listOnTarget(
  { connection, facts, mirror }: Place,
  oldDays: number | undefined,
  signal: AbortSignal,
): Promise<readonly Removal[]> {
  const { name } = await agentFile();
  const argv = [
    "sh",
    "-c",
    LIST,
    "sh",
    mirror,
    facts.cache,
    name,
    oldDays === undefined ? "" : String(oldDays * MINUTES_PER_DAY),
  ];
  const process = await connection.exec(argv, { signal });
  process.stdin.end();
  process.stderr.resume();
  const [output] = await Promise.all([buffer(process.stdout), process.exited]);
  return removalsIn(output.toString().split("\0"));
}

function removalsIn(fields: readonly string[]): Removal[] {
  const removals: Removal[] = [];
  for (let i = 0; fields[i]; i += 3) {
    const [kind, kibibytes, path = ""] = fields.slice(i, i + 3);
    removals.push({ kind: kind as Removal["kind"], path, bytes: Number(kibibytes) * 1024 });
  }
  return removals;
}

/** Also what another user, such as root, has left in it, where sudo allows that. @throws Failure */
export async function removeOnTarget(place: Place, { path }: Removal, signal: AbortSignal): Promise<void> {
  const first = await remove(place, path, signal);
  if (first === undefined) return;
  const isTaken = await takeBack({ ...place, mirror: path }, createFilter({}), signal);
  const left = isTaken ? await remove(place, path, signal) : first;
  if (left === undefined) return;
  throw new Failure(`${path} can't be removed:\n  ${left.split("\n").slice(0, 10).join("\n  ")}`, {
    code: "mirror-unwritable",
    remedy: "unmount what is mounted there, or remove as root what another user has left there",
  });
}

/** Returns why not. */
async function remove({ connection }: Place, path: string, signal: AbortSignal): Promise<string | undefined> {
  const process = await connection.exec(["sh", "-c", REMOVE, "sh", path], { signal });
  process.stdin.end();
  process.stdout.resume();
  const [errors, { code }] = await Promise.all([text(process.stderr), process.exited]);
  return code === 0 ? undefined : errors.trim();
}
