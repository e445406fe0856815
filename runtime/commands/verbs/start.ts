import { resolve } from "node:path";
import { toStartAtBoot } from "../../container/boot.ts";
import { startAgain } from "../../container/start.ts";
import { Failure } from "../../failure.ts";
import { findEach } from "../../state/containers.ts";
import { stateRoot } from "../../state/root.ts";
import { report } from "../output/report.ts";
import { warn } from "../output/warn.ts";
import { ATTACH_OPTIONS } from "./attach.ts";
import { each, named } from "./each.ts";
import { startAttached } from "./start-attached.ts";
import { verb } from "./verb.ts";

const NO_CHECKPOINT = "there are none: a container starts anew";

export const startVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Start containers again that have ended, in the background",
  options: {
    attach: { type: "boolean", short: "a", describe: "stay with one, show what it prints, and end with its exit code" },
    interactive: { type: "boolean", short: "i", describe: "the same, and type into it" },
    ...ATTACH_OPTIONS,
    boot: {
      type: "boolean",
      describe: "those that run whenever the machine does: --restart always, and unless-stopped that nobody stopped",
    },
  },
  unavailable: { checkpoint: NO_CHECKPOINT, "checkpoint-dir": NO_CHECKPOINT },
  run: async (values, names) => {
    const { boot, attach, interactive } = values;
    if (attach || interactive) return startAttached(onlyOne(names, boot), values);
    const start = (some: readonly string[]) => each(some, (container) => startAgain(container, { warn }));
    if (!boot) return start(names);
    if (names.length > 0) throw new Failure("--boot takes no names: it finds the containers itself", { code: "usage" });
    const { toStart, code } = startedAtBoot();
    return (toStart.length > 0 && (await start(toStart))) || code;
  },
});

/** Several would print into each other. Throws Failure. */
function onlyOne(names: readonly string[], boot: boolean | undefined): string {
  const [first = "", second] = boot ? [] : named(names);
  if (!boot && second === undefined) return first;
  throw new Failure("start -a and -i take one container", {
    code: "usage",
    remedy: "start the others without, and tinydocker logs -f NAME shows what one prints",
  });
}

/** Their names; and the exit code, where the record of one can't be read. */
function startedAtBoot() {
  let code = 0;
  const found = findEach(resolve(stateRoot()), (error) => {
    code = report(error);
  });
  return { toStart: toStartAtBoot(found), code };
}
