import { resolve } from "node:path";
import { toStartAtBoot } from "../../container/boot.ts";
import { startAgain } from "../../container/start.ts";
import { Failure } from "../../failure.ts";
import { findEach } from "../../state/containers.ts";
import { stateRoot } from "../../state/root.ts";
import { report } from "../report.ts";
import { warn } from "../warn.ts";
import { each } from "./each.ts";
import { verb } from "./verb.ts";

export const startVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Start containers again that have ended, in the background",
  options: {
    boot: {
      type: "boolean",
      describe: "those that run whenever the machine does: --restart always, and unless-stopped that nobody stopped",
    },
  },
  run: async ({ boot }, names) => {
    const start = (some: readonly string[]) => each(some, (name) => startAgain(name, { warn }));
    if (!boot) return start(names);
    if (names.length > 0) throw new Failure("--boot takes no names: it finds the containers itself", { code: "usage" });
    const { toStart, code } = startedAtBoot();
    return (toStart.length > 0 && (await start(toStart))) || code;
  },
});

/** Their names; and the exit code, where the record of one can't be read. */
function startedAtBoot() {
  let code = 0;
  const found = findEach(resolve(stateRoot()), (error) => {
    code = report(error);
  });
  return { toStart: toStartAtBoot(found), code };
}
