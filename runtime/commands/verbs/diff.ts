import { resolve } from "node:path";
import { changesOf } from "../../container/files/changes.ts";
import { Failure } from "../../failure.ts";
import { openShim } from "../../host/shim.ts";
import { bytesOf } from "../../image/archive/entry.ts";
import { nameOf } from "../../state/containers.ts";
import { placesOf } from "../../state/places.ts";
import { stateRoot } from "../../state/root.ts";
import { checkExists, findExisting } from "../../state/status.ts";
import { writeAll } from "../output/write.ts";
import { verb } from "./verb.ts";

export const diffVerb = verb({
  synopsis: "NAME",
  describe: "List what a container has added (A), changed (C) and deleted (D) of its image",
  options: {},
  run: async (_values, [asked, ...more]) => {
    if (asked === undefined || more.length > 0)
      throw new Failure("diff takes the name of one container", { code: "usage", remedy: "tinydocker diff NAME" });
    const root = resolve(stateRoot());
    const places = placesOf(root, nameOf(root, asked));
    const { record } = findExisting(places, asked);
    const changes = changesOf(await openShim(), places.upper, record.spec);
    checkExists(places, record);
    writeAll(1, bytesOf(changes.map(({ kind, path }) => `${kind} ${path}\n`).join("")));
    return 0;
  },
});
