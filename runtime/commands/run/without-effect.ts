import { Failure } from "../../failure.ts";
import { containerIn } from "../../spec/sharing.ts";
import { warn } from "../output/warn.ts";
import type { RunArguments } from "./run-arguments.ts";

/** Says what is asked for and has no effect. */
export function warnOfUnused({ request: { shmSize, ipc = "" }, needingLife }: RunArguments): void {
  if (needingLife.length > 0) {
    const options = needingLife.map((name) => `--${name}`).join(" and ");
    warn(
      new Failure(
        `${options} ${needingLife.length === 1 ? "has" : "have"} no effect without -d: the container ends with tinydocker run`,
        {
          code: "usage",
          remedy: "run it with -d, and tinydocker logs -f NAME shows what it prints",
        },
      ),
    );
  }
  const whose = ipc === "host" ? "this machine's" : containerIn(ipc) && "that of the other container";
  if (shmSize === undefined || !(whose || ipc === "none")) return;
  const why = whose ? `its /dev/shm is ${whose}` : "it has no /dev/shm";
  warn(new Failure(`--shm-size has no effect with --ipc ${ipc}: ${why}`, { code: "usage" }));
}
