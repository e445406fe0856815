import type { Connected } from "../dev/lane/lane.ts";
import { takeBack } from "../dev/lane/owner.ts";
import { Failure } from "../failure.ts";
import { createFilter } from "../ignore/filter.ts";
import { capture } from "../targets/capture.ts";
import type { Removal } from "./removal.ts";

type Place = Pick<Connected, "connection" | "facts" | "mirror">;

/** Directories of the login user's that it may not write to are made writable. What is mounted inside is not ours. */
const REMOVE = `
real=$(cd -P "\${1%/*}" && printf %s "$(pwd -P)/\${1##*/}" | sed 's/\\\\/\\\\134/g; s/ /\\\\040/g') || exit
while read -r _ _ _ _ at _; do
  case $at in "$real" | "$real"/*) printf '%b is mounted there\\n' "$at" >&2; exit 1 ;; esac
done </proc/self/mountinfo
rm -rf "$1" 2>/dev/null && exit
find "$1" -xdev -type d ! -perm -700 -exec chmod u+rwx '{}' ';' 2>/dev/null
exec rm -rf "$1"`;

/** Also what another user, such as root, has left in it, where sudo allows that. @throws Failure */
export async function removeOnTarget(place: Place, { kind, path }: Removal, signal: AbortSignal): Promise<void> {
  if (kind === "folder") return await removeEmpty(place, path, signal);
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

/** Another devtool may have put something into it meanwhile. */
async function removeEmpty({ connection }: Place, path: string, signal: AbortSignal): Promise<void> {
  await capture(connection, ["rmdir", "--", path], { signal });
}

/** Returns why not. */
async function remove({ connection }: Place, path: string, signal: AbortSignal): Promise<string | undefined> {
  const { status, stderr } = await capture(connection, ["sh", "-c", REMOVE, "sh", path], { signal });
  return status.code === 0 ? undefined : stderr.toString().trim();
}
