import { resolve } from "node:path";
import { commit } from "../../container/commit.ts";
import { Failure } from "../../failure.ts";
import { parseReference } from "../../image/registry/reference.ts";
import { handleOf } from "../../state/containers.ts";
import { stateRoot } from "../../state/root.ts";
import { writeToOutput } from "../output/queued-output.ts";
import { undoneBySignals } from "../signals.ts";
import { verb } from "./verb.ts";

export const commitVerb = verb({
  synopsis: "NAME [REPOSITORY[:TAG]]",
  describe: "Make an image of what a container is now",
  options: {
    author: { type: "string", short: "a", describe: "who made it, such as: Ann <ann@example.org>" },
    change: {
      type: "string",
      short: "c",
      multiple: true,
      describe:
        "CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME or WORKDIR, as in a Dockerfile",
    },
    message: { type: "string", short: "m", describe: "a comment in its history" },
    pause: { type: "boolean", short: "p", describe: "stop its processes meanwhile; default: true" },
  },
  run: async ({ author = "", change = [], message = "", pause = true }, [asked, image, ...more]) => {
    if (asked === undefined || more.length > 0)
      throw new Failure("commit takes the name of a container, and that of the image", {
        code: "usage",
        remedy: "tinydocker commit NAME REPOSITORY[:TAG]",
      });
    const name = image === undefined ? undefined : parseReference(image);
    if (name?.digest !== undefined)
      throw new Failure(`${image} has a digest, which no one can choose`, {
        code: "name-invalid",
        remedy: "give a tag",
      });
    const root = resolve(stateRoot());
    const container = handleOf(root, asked);
    const request = { name, author, message, changes: change, pause };
    await undoneBySignals(async (signal) => {
      const id = await commit(container, { ...request, signal });
      await writeToOutput(Buffer.from(`${id}\n`), signal);
    });
    return 0;
  },
});
