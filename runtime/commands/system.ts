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
    await containerPruneVerb.run({ filter, force }, []);
    await networkPruneVerb.run({ filter, force }, []);
    if (volumes) await volumePruneVerb.run({ all: false, filter, force }, []);
    await imagePruneVerb.run({ all, filter, force }, []);
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
