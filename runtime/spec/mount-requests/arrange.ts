import { Failure } from "../../failure.ts";
import { defaultMounts, type Mount } from "../mounts.ts";
import { type Ids, isMapped } from "../namespaces.ts";
import { depthOf, isBelow } from "../path.ts";
import { bytesOf } from "../size.ts";
import { checkedDestination, checkPlace } from "./destination.ts";
import { mountOfFields } from "./mount.ts";
import { ofVolume, type VolumesPlace } from "./named-volume.ts";
import { notAMount } from "./refusal.ts";
import { tmpfsOfText } from "./tmpfs.ts";
import { volumeMount } from "./volume.ts";

/** The part of a request that is about mounts, in docker's words. A relative source starts at the caller's directory. */
export interface MountRequests {
  /** [SRC:]DST[:OPTION,…], as docker's -v with a path or the name of a volume. */
  readonly volumes?: readonly string[] | undefined;
  /** KEY=VALUE,…, as docker's --mount, of type bind, volume or tmpfs. */
  readonly mounts?: readonly string[] | undefined;
  /** DST[:OPTION,…], as docker's --tmpfs. */
  readonly tmpfs?: readonly string[] | undefined;
  /** Of /dev/shm, such as 256m. Default, also for 0: 64m. */
  readonly shmSize?: string | undefined;
  /** Of other containers: where nothing else is mounted; of several at one place, the last one. */
  readonly inherited?: readonly Mount[] | undefined;
  /** Where the image wants a volume, unless something is mounted there. */
  readonly imageVolumes?: readonly string[] | undefined;
}

/** Each takes a slot of the plan, as devices do (TD_SLOTS_MAX). */
const REQUESTS_MAX = 128;

/** Where an absolute path leads in the image, through its links. */
export type LeadsTo = (path: string) => string;

/** A mount, and where the image's links lead its destination. */
interface Placed {
  readonly mount: Mount;
  readonly place: string;
}

/**
 * The container's own mounts and the requested ones, in an order in which none hides another. A requested one takes the
 * place of the container's own, as with docker. Throws Failure for what is not valid.
 */
export function mountsOf(
  requests: MountRequests,
  ids: Ids,
  cwd: string | undefined,
  leadsTo: LeadsTo = (path) => path,
  volumesPlace?: VolumesPlace,
): Mount[] {
  const { volumes = [], mounts = [], tmpfs = [], shmSize, inherited = [], imageVolumes = [] } = requests;
  const requested = [
    ...volumes.map((volume) => volumeMount(volume, cwd, volumesPlace)),
    ...mounts.map((fields) => mountOfFields(fields, cwd, volumesPlace)),
    ...tmpfs.map(tmpfsOfText),
  ];
  checkCount([...requested, ...inherited]);
  for (const mount of requested) checkOwner(mount, ids);
  const own = defaultMounts(ids, shmSize === undefined ? undefined : sharedMemory(shmSize));
  const isPlain = requested.length + inherited.length + imageVolumes.length === 0;
  const placed = (mount: Mount): Placed => {
    return { mount, place: isPlain ? mount.destination : leadsTo(mount.destination) };
  };
  const named = requested.map(placed);
  const wanted = imageVolumes.map((path) => placed(imageVolume(path, volumesPlace)));
  const asked = withFree(withFree(named, inherited.map(placed)), wanted);
  checkPlaces(asked);
  const kept = own.map(placed).filter((mount) => !asked.some((other) => replaces(other, mount)));
  return [...kept, ...asked].sort((a, b) => depthOf(a.place) - depthOf(b.place)).map(({ mount }) => mount);
}

/** With those of the others whose places are free; of several at one place, the last one. */
function withFree(taken: readonly Placed[], others: readonly Placed[]): Placed[] {
  const isFree = ({ place }: Placed, i: number) =>
    ![...taken, ...others.slice(i + 1)].some((other) => other.place === place);
  return [...taken, ...others.filter(isFree)];
}

function imageVolume(path: string, volumes: VolumesPlace | undefined): Mount {
  const limits = { readonly: "no", recursive: true } as const;
  const refuse = (why: string) => notAMount(path, why, "the image wants a volume there: import it without that");
  return ofVolume(undefined, checkedDestination(path, path), limits, { volumes, nocopy: false, refuse });
}

function checkCount(mounts: readonly Mount[]): void {
  if (mounts.length > REQUESTS_MAX)
    throw new Failure(
      `a container has at most ${REQUESTS_MAX} -v, --mount, --tmpfs and mounts of --volumes-from, not ${mounts.length}`,
      {
        code: "usage",
      },
    );
}

/** As they were asked for, and through the image's links. */
function checkPlaces(asked: readonly Placed[]): void {
  for (const { mount, place } of asked) {
    checkPlace(mount);
    if (place !== mount.destination) checkPlace({ ...mount, destination: place });
  }
  for (const [i, { mount, place }] of asked.entries()) {
    const other = asked.slice(i + 1).find((one) => one.place === place);
    if (other) throw sameDestination(mount.destination, other.mount.destination);
  }
}

function sameDestination(one: string, other: string): Failure {
  const what = one === other ? `the destination ${one}` : `one destination, as ${one} and ${other} lead to it`;
  return new Failure(`two mounts have ${what}, and only one could be seen`, {
    code: "usage",
    remedy: "leave one of them out",
  });
}

function checkOwner({ type, destination, options }: Mount, { uids, gids }: Ids): void {
  const missing = options.find((option) => {
    const [, key, id = ""] = /^([ug]id)=(\d+)$/.exec(option) ?? [];
    return type === "tmpfs" && key !== undefined && !isMapped(key === "uid" ? uids : gids, Number(id));
  });
  if (missing === undefined) return;
  throw new Failure(
    `can't mount a tmpfs with ${missing} on ${destination}: the container's user namespace has no such id`,
    { code: "root-required", remedy: "leave it out, or run tinydocker as root" },
  );
}

/** What is mounted over a whole directory shows its own files there; only a container's terminals are always its own. */
function replaces(requested: Placed, own: Placed): boolean {
  return own.place === requested.place || (isBelow(own.place, requested.place) && own.mount.type !== "devpts");
}

/** 0 asks for docker's default. */
function sharedMemory(size: string): number | undefined {
  const bytes = bytesOf(size);
  if (bytes !== undefined) return bytes || undefined;
  throw new Failure(`${JSON.stringify(size)} can't be the size of /dev/shm`, {
    code: "usage",
    remedy: "use a number with b, k, m or g, such as --shm-size 256m",
  });
}
