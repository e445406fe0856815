import { resolve } from "node:path";
import { rename } from "../../container/rename.ts";
import { Failure } from "../../failure.ts";
import { nameOf } from "../../state/containers.ts";
import { stateRoot } from "../../state/root.ts";
import { verb } from "./verb.ts";

export const renameVerb = verb({
  synopsis: "NAME NEWNAME",
  describe: "Give a container another name",
  options: {},
  run: async (_values, [asked, name, ...more]) => {
    if (asked === undefined || name === undefined || more.length > 0)
      throw new Failure("rename takes the name of a container and its new one", {
        code: "usage",
        remedy: "tinydocker rename NAME NEWNAME",
      });
    // As inspect prints it, docker takes it too.
    await rename(nameOf(resolve(stateRoot()), asked), name.replace(/^\//, ""));
    return 0;
  },
});
