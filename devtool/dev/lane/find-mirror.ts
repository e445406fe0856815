import { posix } from "node:path";
import { Failure } from "../../failure.ts";
import { capture } from "../../targets/capture.ts";
import type { Connection } from "../../targets/target.ts";
import { insideProject, type MirrorPlace, mirrorPath } from "./mirror.ts";

/** What a look at the target says of a project's mirror, which may not be there yet. */
export interface FoundMirror {
  /** Its absolute path, without links above it. */
  readonly mirror: string;
  /** Why it is not used: nothing outside of a mirror is written or deleted. */
  readonly refused: Failure | undefined;
  /** The same for each name that the machine has; undefined where it has no id. */
  readonly machineId: string | undefined;
}

/**
 * Prints, each ended by a NUL, the machine's id and name, the path of the mirror $1 with the real one of its folder, and the
 * first of the others and it that is a link, and where that leads. What is not there yet has the path that it will have.
 */
const FIND = `
{ read -r id </etc/machine-id && printf '%s %s' "$id" "$(uname -n)"; } 2>/dev/null; printf '\\0'
mirror=$1; shift
at=\${mirror%/*} rest=
while [ ! -e "\${at:-/}" ] && [ ! -L "$at" ]; do rest=/\${at##*/}$rest at=\${at%/*}; done
real=$(cd -P -- "\${at:-/}" 2>/dev/null && pwd -P) || real=$at
printf '%s\\0' "\${real%/}$rest/\${mirror##*/}"
for made in "$@" "$mirror"; do
  if [ -L "$made" ]; then printf '%s\\0%s\\0' "$made" "$(readlink -- "$made")"; exit; fi
done`;

/** Where a project's mirror is on a target. A folder that the target's settings name may be a link, what devtool makes may not. */
export async function findMirror(
  connection: Connection,
  place: MirrorPlace & { readonly facts: { readonly boot: string } },
  root: string,
  signal: AbortSignal,
): Promise<FoundMirror> {
  const named = mirrorPath(place, root);
  const made = place.folder === undefined ? [place.facts.cache, posix.dirname(named)] : [];
  const { stdout } = await capture(connection, ["sh", "-c", FIND, "sh", named, ...made], { signal });
  const [id = "", mirror = named, link = "", leadsTo = ""] = stdout.toString().split("\0");
  const machineId = /^[0-9a-f]{32} /.test(id) ? id : undefined;
  const refused = link === "" ? insideProject(root, mirror, place.facts) : atLink(mirror, link, leadsTo);
  if (refused) refused.target = place.target;
  return { mirror, refused, machineId };
}

function atLink(mirror: string, link: string, leadsTo: string): Failure {
  const what = link === mirror ? "it" : link;
  return new Failure(
    `the mirror ${mirror} is refused: ${what} is a symbolic link to ${leadsTo}, where files may be lost`,
    {
      code: "mirror-invalid",
      remedy:
        "remove the link; or, where mirrors are to be on another disk, name a folder there in the configuration: `mirror` of the target",
      exitCode: 2,
    },
  );
}
