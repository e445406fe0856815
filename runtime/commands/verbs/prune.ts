import { resolve } from "node:path";
import { pruneContainers } from "../../container/prune.ts";
import { stateRoot } from "../../state/root.ts";
import { confirmed } from "../confirm.ts";
import { operands } from "../operands.ts";
import { writeAll } from "../output/write.ts";
import { PRUNE_FILTER, PRUNE_FORCE, pruneFilter } from "../prune-filter.ts";
import { verb } from "./verb.ts";

export const pruneVerb = verb({
  synopsis: "",
  describe: "Remove the containers that do not run",
  options: { filter: PRUNE_FILTER, force: PRUNE_FORCE },
  run: async ({ filter, force }, rest) => {
    operands(rest, []);
    const isWanted = pruneFilter(filter);
    await confirmed("the containers that do not run, with what they wrote and their logs", force);
    const removed = await pruneContainers(resolve(stateRoot()), ({ created, life }) =>
      isWanted({ created, labels: life?.labels }),
    );
    writeAll(1, removed.map((name) => `${name}\n`).join(""));
    return 0;
  },
});
