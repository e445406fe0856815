import type { NamedRequest } from "../../container/request/prepare.ts";
import { Failure } from "../../failure.ts";
import { containerIn } from "../../spec/sharing.ts";
import { warn } from "../output/warn.ts";

/** Says what docker takes without a word, although it has no effect. */
export function warnOfUnused({ shmSize, ipc = "" }: NamedRequest): void {
  const whose = ipc === "host" ? "this machine's" : containerIn(ipc) && "that of the other container";
  if (shmSize === undefined || !(whose || ipc === "none")) return;
  const why = whose ? `its /dev/shm is ${whose}` : "it has no /dev/shm";
  warn(new Failure(`--shm-size has no effect with --ipc ${ipc}: ${why}`, { code: "usage" }));
}
