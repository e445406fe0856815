import { Failure } from "../../failure.ts";
import { defaultMounts, type Mount } from "../mounts.ts";
import type { Ids } from "../namespaces.ts";
import { depthOf, isBelow } from "../path.ts";
import { bytesOf } from "../size.ts";
import { checkPlace } from "./destination.ts";
import { mountOfFields } from "./mount.ts";
import { tmpfsOfText } from "./tmpfs.ts";
import { volumeMount } from "./volume.ts";

/** The part of a request that is about mounts, in docker's words. A relative source starts at the caller's directory. */
export interface MountRequests {
  /** SRC:DST[:OPTION,…], as docker's -v with a path. */
  readonly volumes?: readonly string[] | undefined;
  /** KEY=VALUE,…, as docker's --mount, of type bind or tmpfs. */
  readonly mounts?: readonly string[] | undefined;
  /** DST[:OPTION,…], as docker's --tmpfs. */
  readonly tmpfs?: readonly string[] | undefined;
  /** Of /dev/shm, such as 256m. Default: 64m. */
  readonly shmSize?: string | undefined;
}

/** Each takes a slot of the plan, as devices do (TD_SLOTS_MAX). */
const REQUESTS_MAX = 128;

/**
 * The container's own mounts and the requested ones, in an order in which none hides another. A requested one takes the
 * place of the container's own, as with docker. Throws Failure for what is not valid.
 */
export function mountsOf(requests: MountRequests, ids: Ids, cwd: string | undefined): Mount[] {
  const { volumes = [], mounts = [], tmpfs = [], shmSize } = requests;
  const requested = [
    ...volumes.map((volume) => volumeMount(volume, cwd)),
    ...mounts.map((fields) => mountOfFields(fields, cwd)),
    ...tmpfs.map(tmpfsOfText),
  ];
  checkCount(requested);
  requested.forEach(checkPlace);
  const own = defaultMounts(ids, shmSize === undefined ? undefined : checkedSize(shmSize));
  const kept = own.filter((mount) => !requested.some((other) => replaces(other, mount)));
  return [...kept, ...requested].sort((a, b) => depthOf(a.destination) - depthOf(b.destination));
}

function checkCount(mounts: readonly Mount[]): void {
  if (mounts.length > REQUESTS_MAX)
    throw new Failure(`a container has at most ${REQUESTS_MAX} -v, --mount and --tmpfs, not ${mounts.length}`, {
      code: "usage",
    });
  const destinations = mounts.map(({ destination }) => destination).sort();
  const twice = destinations.find((destination, i) => destination === destinations[i + 1]);
  if (twice !== undefined)
    throw new Failure(`two mounts have the destination ${twice}, and only one could be seen`, {
      code: "usage",
      remedy: "leave one of them out",
    });
}

/** What is mounted over a whole directory shows its own files there; only a container's terminals are always its own. */
function replaces(requested: Mount, own: Mount): boolean {
  const at = requested.destination;
  return own.destination === at || (isBelow(own.destination, at) && own.type !== "devpts");
}

function checkedSize(size: string): number {
  const bytes = bytesOf(size);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw new Failure(`${JSON.stringify(size)} can't be the size of /dev/shm`, {
    code: "usage",
    remedy: "use a number above 0 with b, k, m or g, such as --shm-size 256m",
  });
}
