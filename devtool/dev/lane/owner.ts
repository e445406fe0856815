import { Failure, type FailureCode } from "../../failure.ts";
import type { Filter } from "../../ignore/filter.ts";
import type { SyncRequest } from "../../sync/request.ts";
import type { Server } from "../../sync/server.ts";
import { type SyncReport, sync } from "../../sync/sync.ts";
import { capture } from "../../targets/capture.ts";
import type { Connected } from "./lane.ts";

type Place = Pick<Connected, "connection" | "facts" | "mirror">;

/**
 * As sync(). Where the login user may not change what another one, such as root, has left in the mirror, that is made
 * the login user's, and the sync repeated; without sudo what can't be deleted stays, which is a notice.
 */
export async function syncAsOwner(
  place: Place,
  request: SyncRequest,
  signal: AbortSignal,
  ahead: Server | undefined,
): Promise<SyncReport> {
  const first = await sync(place.connection, request, signal, ahead).catch((error: unknown) => {
    if (error instanceof Failure && error.code === "mirror-unwritable") return error;
    throw error;
  });
  const isDenied = first instanceof Failure || first.undeleted.length > 0;
  if (isDenied && (await takeBack(place, request.filter, signal))) return await sync(place.connection, request, signal);
  if (first instanceof Failure) throw first;
  return { ...first, notices: [...first.notices, ...first.undeleted] };
}

/** Lists what belongs to others in the mirror, which only root sees all of. */
const FIND = 'test "$(id -u)" = 0 && find . -xdev ! -user "$1" "$2" -type d -print0';
const CHOWN = 'test "$(id -u)" = 0 && xargs -0 chown -h "$1" --';

/** Nothing runs as root there, or in a mirror that is not there yet. */
const NOT_TAKEN: readonly FailureCode[] = ["sudo-refused", "process-not-started", "directory-missing"];

/** Makes what is not excluded the login user's own; returns whether something was not. */
export async function takeBack(
  { connection, facts, mirror }: Place,
  filter: Filter,
  signal: AbortSignal,
): Promise<boolean> {
  const asRoot = async (script: string, args: readonly string[], input = ""): Promise<string | undefined> => {
    const argv = ["sh", "-c", script, "sh", String(facts.uid), ...args];
    const options = { cwd: mirror, fixedCwd: "input", asRoot: true, signal } as const;
    const { status, stdout } = await capture(connection, argv, options, Buffer.from(input, "latin1"));
    return status.code === 0 ? stdout.toString("latin1") : undefined;
  };
  const foreign = async (areDirectories: boolean) =>
    ours((await asRoot(FIND, [areDirectories ? "-a" : "!"])) ?? "", areDirectories, filter);
  try {
    const paths = [...(await foreign(true)), ...(await foreign(false))];
    return paths.length > 0 && (await asRoot(CHOWN, [], paths.join("\0"))) !== undefined;
  } catch (error) {
    if (error instanceof Failure && NOT_TAKEN.includes(error.code)) return false;
    throw error;
  }
}

/** Those of find's paths that the filter does not exclude. */
function ours(found: string, areDirectories: boolean, filter: Filter): string[] {
  const paths = found.split("\0").filter((path) => path !== "");
  return paths.filter((path) => filter.includes(path.replace(/^\.\/?/, ""), areDirectories));
}
