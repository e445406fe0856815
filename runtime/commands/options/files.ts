import type { NamedRequest } from "../../container/prepare.ts";
import type { Options, Values } from "./option.ts";

/** The root file system and what is mounted on it. */
export const FILES_OPTIONS = {
  image: { type: "string", describe: "image of the root; the default, host, is this machine's own root" },
  volume: {
    type: "string",
    short: "v",
    multiple: true,
    describe: "SRC:DST[:ro]: bind mount a file or directory of this machine",
  },
  "read-only": { type: "boolean", describe: "make the root read-only" },
} as const satisfies Options;

export function filesRequest(values: Values<typeof FILES_OPTIONS>): Partial<NamedRequest> {
  return { image: values.image, volumes: values.volume, readonly: values["read-only"] };
}
