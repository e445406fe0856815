import type { Mount } from "../mounts.ts";
import { normalizePath } from "../path.ts";
import type { VolumeOptions } from "../volume-options.ts";
import { bind, type Limits } from "./bind.ts";

/** Where volumes are, and how one without a name is called. */
export interface VolumesPlace {
  readonly directory: string;
  newName(): string;
}

/** As docker's, but no longer than other names; or 64 hexadecimal digits, of one that was made without a name. */
const NAME = /^(?:[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}|[0-9a-f]{64})$/;

interface About {
  readonly volumes: VolumesPlace | undefined;
  readonly nocopy: boolean;
  readonly subpath?: string | undefined;
  /** Of a volume that is made for it. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: VolumeOptions;
  readonly refuse: (why: string) => Error;
}

/** The mount of a volume, which is made where there is none of that name; undefined: of a new one without a name. */
export function ofVolume(asked: string | undefined, destination: string, limits: Limits, about: About): Mount {
  const { volumes, nocopy, subpath, labels = {}, options = {}, refuse } = about;
  if (volumes === undefined) throw refuse("there are no volumes here");
  const name = asked ?? volumes.newName();
  if (!NAME.test(name))
    throw refuse(`${JSON.stringify(name)} can't be the name of a volume; write ./${name} for a path of the host`);
  return {
    ...bind(`${volumes.directory}/${name}/_data`, destination, limits),
    ...(subpath === undefined ? {} : { subpath: checkedSubpath(subpath, refuse) }),
    ...(nocopy ? { nocopy } : {}),
    ...(isEmpty(labels) ? {} : { labels }),
    ...(isEmpty(options) ? {} : { volumeOptions: options }),
    ...(asked === undefined ? { anonymous: true as const } : {}),
  };
}

function isEmpty(record: object): boolean {
  return Object.keys(record).length === 0;
}

function checkedSubpath(subpath: string, refuse: (why: string) => Error): string {
  const path = normalizePath(`/${subpath}`).slice(1);
  if (path === "" || subpath.startsWith("/") || subpath.split("/").includes(".."))
    throw refuse(`volume-subpath=${subpath} is not a path below the volume`);
  return path;
}
