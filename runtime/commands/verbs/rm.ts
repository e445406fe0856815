import { finishRemoval, remove, removeByForce } from "../../container/remove.ts";
import { removeDamaged } from "../../container/remove-damaged.ts";
import { openShim } from "../../host/shim.ts";
import { type OwnVolume, removeOwnVolume } from "../../resources/volume.ts";
import { type Handle, lookAtExisting } from "../../state/handle.ts";
import { type Timer, timed } from "../../state/timed.ts";
import { ownVolumes } from "../../volume/ready.ts";
import { each } from "./each.ts";
import { EXPLAIN_OPTION, explainRemoval } from "./explain-end.ts";
import { verb } from "./verb.ts";

const NO_LINK = "a name of --link goes with the container that has it";

export const rmVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Remove containers, with what they wrote and their logs",
  options: {
    force: { type: "boolean", short: "f", describe: "kill those that run; none that is missing is an error" },
    volumes: { type: "boolean", short: "v", describe: "with their volumes that have no name" },
    explain: EXPLAIN_OPTION,
  },
  unavailable: { l: NO_LINK, link: NO_LINK },
  run: ({ force = false, volumes = false, explain }, names) => {
    const removed = force ? removeByForce : remove;
    const work = async (container: Handle) => {
      const { root } = container;
      const owned = volumes ? ownVolumes(root, lookAtExisting(container).record.spec) : [];
      const explained = explain ? await explainRemoval(container, force, owned) : undefined;
      await removed(container, explained?.timer);
      await removeVolumes(container, owned, explained?.timer);
      explained?.finish();
    };
    return force ? each(names, work, "container-not-found", removeUnknown) : each(names, work);
  },
});

/** What no handle leads to. Returns false where there is nothing damaged. */
async function removeUnknown(root: string, name: string): Promise<boolean> {
  if (await removeDamaged(root, name)) return true;
  await finishRemoval(root, name);
  return false;
}

async function removeVolumes(
  container: Handle,
  volumes: readonly OwnVolume[],
  timer: Timer | undefined,
): Promise<void> {
  const shim = await openShim();
  for (const volume of volumes) await timed(timer, volume, () => removeOwnVolume(shim, container, volume));
}
