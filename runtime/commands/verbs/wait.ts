import { resolve } from "node:path";
import { wait } from "../../container/wait.ts";
import { Failure } from "../../failure.ts";
import { nameOf } from "../../state/containers.ts";
import { stateRoot } from "../../state/root.ts";
import { exitCodeOf } from "../exit-code.ts";
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
      if (status === "unknown") throw unknownExit(name);
      writeAll(1, `${exitCodeOf(status)}\n`);
    }
    return 0;
  },
});

function unknownExit(name: string): Failure {
  return new Failure(`nobody knows how the container ${name} ended: what waited for it was killed, or removed it`, {
    code: "container-not-running",
  });
}
