import { resolve } from "node:path";
import { wait } from "../../container/wait.ts";
import { Failure } from "../../failure.ts";
import { handleOf } from "../../state/containers.ts";
import { exitCodeOf } from "../../state/exit.ts";
import { type Handle, lookAt, lookAtExisting } from "../../state/handle.ts";
import { stateRoot } from "../../state/root.ts";
import { codeOfEach } from "../each-name.ts";
import { warn } from "../output/warn.ts";
import { writeAll } from "../output/write.ts";
import { named } from "./each.ts";
import { verb } from "./verb.ts";

export const waitVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Wait until containers end, and print the exit code of each",
  options: {},
  run: async (_, names) => {
    const root = resolve(stateRoot());
    return codeOfEach(named(names), async (asked) => writeAll(1, `${await exitOf(handleOf(root, asked))}\n`));
  },
});

/** 0 of one that was not started, as docker has it. */
async function exitOf(container: Handle): Promise<number> {
  if (lookAtExisting(container).status.state === "created") {
    warn(new Failure(`the container ${container.name} was not started`, { code: "container-not-running" }));
    return 0;
  }
  const status = await wait(container);
  if (status === "unknown") warn(unseen(container));
  return exitCodeOf(status);
}

/** Throws Failure (exit 125) where it was removed at its exit. */
function unseen(container: Handle): Failure {
  const { name } = container;
  const isRemoved = lookAt(container) === undefined;
  const failure = new Failure(
    isRemoved
      ? `nobody knows how the container ${name} ended: it was removed then`
      : `nobody saw how the container ${name} ended, as what waited for it was killed: ${exitCodeOf("unknown")} stands for that`,
    { code: "container-not-running" },
  );
  if (isRemoved) throw failure;
  return failure;
}
