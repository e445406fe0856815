import { resolve } from "node:path";
import { remove, removeByForce } from "../../container/remove.ts";
import { Failure } from "../../failure.ts";
import { openShim } from "../../host/shim.ts";
import { removeOwnVolume } from "../../resources/volume.ts";
import { placesOf } from "../../state/places.ts";
import { stateRoot } from "../../state/root.ts";
import { findExisting } from "../../state/status.ts";
import { ownVolumes } from "../../volume/ready.ts";
import { each } from "./each.ts";
import { EXPLAIN_OPTION, explainRemoval } from "./explain-end.ts";
import { verb } from "./verb.ts";

export const rmVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Remove containers, with what they wrote and their logs",
  options: {
    force: { type: "boolean", short: "f", describe: "kill those that run; none that is missing is an error" },
    volumes: { type: "boolean", short: "v", describe: "with their volumes that have no name" },
    explain: EXPLAIN_OPTION,
  },
  run: ({ force = false, volumes = false, explain }, names) => {
    const removed = force ? removeByForce : removeStopped;
    const work = async (name: string) => {
      const sayTime = explain ? await explainRemoval(name, { force, volumes }) : () => {};
      await (volumes ? withVolumes(name, removed) : removed(name));
      sayTime();
    };
    return each(names, work, force ? "container-not-found" : undefined);
  },
});

async function withVolumes(name: string, removed: (name: string) => Promise<void>): Promise<void> {
  const root = resolve(stateRoot());
  const { spec } = findExisting(placesOf(root, name), name).record;
  await removed(name);
  const shim = await openShim();
  for (const volume of ownVolumes(root, spec)) await removeOwnVolume(shim, root, volume);
}

async function removeStopped(name: string): Promise<void> {
  const { state } = findExisting(placesOf(resolve(stateRoot()), name), name).status;
  if (state !== "running" && state !== "restarting") return remove(name);
  throw new Failure(`the container ${name} is ${state}`, {
    code: "name-in-use",
    remedy: `tinydocker stop ${name} first, or remove it with rm -f`,
  });
}
