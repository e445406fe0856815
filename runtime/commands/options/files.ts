import type { NamedRequest } from "../../container/request/prepare.ts";
import type { Options, Values } from "./option.ts";

/** The root file system and what is mounted on it. */
export const FILES_OPTIONS = {
  image: { type: "string", describe: "image of the root; the default, host, is this machine's own root" },
  pull: {
    type: "string",
    emptyIsUnset: true,
    describe: "always, missing or never: whether the image is fetched from its registry first; default: missing",
  },
  quiet: { type: "boolean", short: "q", describe: "print nothing while it is fetched" },
  volume: {
    type: "string",
    short: "v",
    multiple: true,
    describe: "SRC:DST[:ro]: a path of this machine, or the name of a volume; DST: a volume without a name",
  },
  mount: {
    type: "string",
    multiple: true,
    describe: "type=bind,src=SRC,dst=DST[,ro], type=volume,src=NAME,dst=DST[,ro] or type=tmpfs,dst=DST[,tmpfs-size=S]",
  },
  "volumes-from": {
    type: "string",
    multiple: true,
    describe: "NAME[:ro]: what is mounted in that container of this machine and of its volumes",
  },
  tmpfs: { type: "string", multiple: true, describe: "DST[:OPTION,…]: a directory in memory, such as /run:size=64m" },
  "shm-size": { type: "string", describe: "size of /dev/shm; default, also for 0: 64m" },
  "read-only": { type: "boolean", describe: "make the root read-only" },
} as const satisfies Options;

export function filesRequest(values: Values<typeof FILES_OPTIONS>): Partial<NamedRequest> {
  const { image, volume, mount, tmpfs } = values;
  return {
    image,
    volumes: volume,
    mounts: mount,
    volumesFrom: values["volumes-from"],
    tmpfs,
    shmSize: values["shm-size"],
    readonly: values["read-only"],
  };
}
