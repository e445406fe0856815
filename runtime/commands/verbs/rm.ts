import { remove, removeByForce } from "../../container/remove.ts";
import { openShim } from "../../host/shim.ts";
import { removeOwnVolume } from "../../resources/volume.ts";
import { type Handle, lookAtExisting } from "../../state/handle.ts";
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
    const removed = force ? removeByForce : remove;
    const work = async (container: Handle) => {
      const sayTime = explain ? await explainRemoval(container, { force, volumes }) : () => {};
      await (volumes ? withVolumes(container, removed) : removed(container));
      sayTime();
    };
    return each(names, work, force ? "container-not-found" : undefined);
  },
});

async function withVolumes(container: Handle, removed: (container: Handle) => Promise<void>): Promise<void> {
  const { root } = container;
  const { spec } = lookAtExisting(container).record;
  await removed(container);
  const shim = await openShim();
  for (const volume of ownVolumes(root, spec)) await removeOwnVolume(shim, root, volume);
}
