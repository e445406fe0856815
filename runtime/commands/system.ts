import { confirmed } from "./confirm.ts";
import { diskUsageVerb } from "./disk-usage.ts";
import { imagePruneVerb } from "./image/stored-images.ts";
import { networkPruneVerb } from "./network.ts";
import { operands } from "./operands.ts";
import { PRUNE_FILTER, PRUNE_FORCE } from "./prune-filter.ts";
import { eventsVerb } from "./verbs/events.ts";
import { infoVerb } from "./verbs/info.ts";
import { pruneVerb as containerPruneVerb } from "./verbs/prune.ts";
import { untyped, type Verbs, verb } from "./verbs/verb.ts";
import { volumePruneVerb } from "./volume.ts";

/** In docker's order: what a container has is free once it was removed. */
const pruneVerb = verb({
  synopsis: "",
  describe: "Remove the containers that do not run, and the networks and images that no container has then",
  options: {
    all: { type: "boolean", short: "a", describe: "also images with a name" },
    volumes: { type: "boolean", describe: "also volumes without a name" },
    filter: PRUNE_FILTER,
    force: PRUNE_FORCE,
  },
  run: async ({ all, volumes = false, filter, force }, rest) => {
    operands(rest, []);
    const [images, others] = [all ? "images" : "layers", volumes ? "volumes without a name" : undefined];
    const free = ["networks", others, images].filter((one) => one !== undefined).join(", ");
    await confirmed(`the containers that do not run, and what no container has then: ${free}`, force);
    const asked = { filter, force: true };
    await containerPruneVerb.run(asked, []);
    await networkPruneVerb.run(asked, []);
    if (volumes) await volumePruneVerb.run({ ...asked, all: false }, []);
    await imagePruneVerb.run({ ...asked, all }, []);
    return 0;
  },
});

/** In the order of the help. */
export const SYSTEM_VERBS = {
  df: untyped(diskUsageVerb),
  info: untyped(infoVerb),
  prune: untyped(pruneVerb),
  events: untyped(eventsVerb),
} satisfies Verbs;
