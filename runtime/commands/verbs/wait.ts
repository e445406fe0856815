import { resolve } from "node:path";
import { wait } from "../../container/wait.ts";
import { Failure } from "../../failure.ts";
import { nameOf } from "../../state/containers.ts";
import { exitCodeOf } from "../../state/exit.ts";
import { placesOf } from "../../state/places.ts";
import { stateRoot } from "../../state/root.ts";
import { find } from "../../state/status.ts";
import { warn } from "../warn.ts";
import { writeAll } from "../write.ts";
import { named } from "./each.ts";
import { verb } from "./verb.ts";

export const waitVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Wait until containers end, and print the exit code of each",
  options: {},
  run: async (_, names) => {
    for (const asked of named(names)) {
      const name = nameOf(resolve(stateRoot()), asked);
      const status = await wait(name);
      if (status === "unknown") warn(unseen(name));
      writeAll(1, `${exitCodeOf(status)}\n`);
    }
    return 0;
  },
});

/** Throws Failure (exit 125) where it was removed at its exit. */
function unseen(name: string): Failure {
  const isRemoved = find(placesOf(resolve(stateRoot()), name)) === undefined;
  const failure = new Failure(
    isRemoved
      ? `nobody knows how the container ${name} ended: it was removed then`
      : `nobody saw how the container ${name} ended, as what waited for it was killed: ${exitCodeOf("unknown")} stands for that`,
    { code: "container-not-running" },
  );
  if (isRemoved) throw failure;
  return failure;
}
