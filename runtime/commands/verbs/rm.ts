import { resolve } from "node:path";
import { remove, removeByForce } from "../../container/remove.ts";
import { Failure } from "../../failure.ts";
import { placesOf } from "../../state/places.ts";
import { stateRoot } from "../../state/root.ts";
import { findExisting } from "../../state/status.ts";
import { each } from "./each.ts";
import { verb } from "./verb.ts";

export const rmVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Remove containers, with what they wrote and their logs",
  options: {
    force: { type: "boolean", short: "f", describe: "kill those that run; none that is missing is an error" },
    volumes: { type: "boolean", short: "v", describe: "with their volumes that have no name" },
  },
  run: ({ force }, names) => each(names, force ? removeByForce : removeStopped),
});

async function removeStopped(name: string): Promise<void> {
  const { state } = findExisting(placesOf(resolve(stateRoot()), name), name).status;
  if (state !== "running" && state !== "restarting") return remove(name);
  throw new Failure(`the container ${name} is ${state}`, {
    code: "name-in-use",
    remedy: `tinydocker stop ${name} first, or remove it with rm -f`,
  });
}
