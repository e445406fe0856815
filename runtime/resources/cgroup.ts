import { rmdirSync, statSync } from "node:fs";
import { cgroupAt, type Place, sharedCgroup } from "../cgroup/place.ts";
import { Failure } from "../failure.ts";
import { emptyCgroup } from "../host/cgroup/members.ts";
import { errnoText } from "../host/errno.ts";
import { sleep } from "../host/sleep.ts";
import { uptime } from "../host/uptime.ts";
import { ERRNO } from "../linux.ts";
import { isListOf, isOneOf, isRecordOf, isText, type Shape } from "../shape.ts";

/** A container's cgroups, one in each hierarchy. As a directory, they are stored without the container's name. */
export interface Cgroups {
  readonly kind: "cgroups";
  readonly places: readonly Place[];
}

export const isCgroups: Shape<Cgroups> = isRecordOf({
  kind: isOneOf("cgroups"),
  places: isListOf(isRecordOf({ version: isOneOf(1, 2), directory: isText })),
});

/** A container, by its key and its state directory. */
export interface CgroupOwner {
  readonly root: string;
  readonly key: string;
}

/**
 * The name of the directories of its cgroups. Two state directories may each have a container with that key; a copied one
 * has another inode, so what its journals name is not the original's.
 */
export function cgroupName({ root, key }: CgroupOwner): string {
  const { dev, ino } = statSync(root);
  return `${key}.${dev.toString(16)}-${ino.toString(16)}`;
}

/** How long the processes in one may take to end. */
const END_WAIT_MS = 10_000;
const END_POLL_MS = 1;

/** Ends what is in them and removes them. Throws Failure. */
export async function removeCgroups(owner: CgroupOwner, { places }: Cgroups): Promise<void> {
  const name = cgroupName(owner);
  const deadline = uptime() + END_WAIT_MS;
  let left = busy(
    places.map((place) => cgroupAt(place, name)),
    deadline,
  );
  while (left.length > 0) {
    // All of them before the next look: a process does not end while it is frozen in another one.
    for (const path of left) emptyCgroup(path);
    await sleep(END_POLL_MS);
    left = busy(left, deadline);
  }
  // Another container may be in it.
  for (const { version, directory } of places) if (version === 2) remove(sharedCgroup(directory));
}

/** Ends the processes in them also where these are frozen, as those of a cgroup v1 have to be thawed to end. */
export function emptyCgroups(owner: CgroupOwner, { places }: Cgroups): void {
  const name = cgroupName(owner);
  for (const path of places.filter(({ version }) => version === 1).map((place) => cgroupAt(place, name)))
    emptyCgroup(path);
}

/** Removes them, and returns those with something in them. */
function busy(paths: readonly string[], deadline: number): string[] {
  return paths.filter((path) => {
    const errno = remove(path);
    if (errno === 0 || errno === ERRNO.ENOENT) return false;
    if (errno !== ERRNO.EBUSY || uptime() >= deadline) throw notRemoved(path, errno);
    return true;
  });
}

/** Returns 0 or an errno. */
function remove(path: string): number {
  try {
    rmdirSync(path);
    return 0;
  } catch (error) {
    return -((error as NodeJS.ErrnoException).errno ?? -ERRNO.EINVAL);
  }
}

function notRemoved(path: string, errno: number): Failure {
  const remedy =
    errno === ERRNO.EBUSY ? `cat ${path}/cgroup.procs shows what is in it` : `remove it by hand: rmdir ${path}`;
  return new Failure(`can't remove the cgroup ${path}: ${errnoText(errno)}`, { code: "cleanup-failed", remedy });
}
