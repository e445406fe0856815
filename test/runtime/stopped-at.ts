import assert from "node:assert/strict";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { written } from "../rig/processes.ts";
import { type Outcome, outcomeOf, type Tinydocker } from "../rig/tinydocker.ts";

/** Where a process is to stop: once the n-th of these calls is over; `on`: of those on one of these files. */
export interface Point {
  readonly call: string;
  readonly on?: readonly string[];
  readonly n?: number;
}

export interface Stopped {
  readonly pid: number;
  readonly outcome: Promise<Outcome>;
  goOn(): void;
}

let stops = 0;

/** Starts the command line, and settles once a process of it is stopped there. Fails where it ends before. */
export async function stoppedAt(
  rig: Tinydocker,
  { call, on = [], n = 1 }: Point,
  args: readonly string[],
): Promise<Stopped> {
  const log = join(rig.directory, `stops${++stops}`);
  writeFileSync(log, "");
  const files = on.flatMap((path) => ["-P", path]);
  const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:signal=STOP:when=${n}`];
  const prefix = [
    "strace",
    "-f",
    "--quiet=attach,exit,path-resolution,personality",
    "-A",
    "-o",
    log,
    ...files,
    ...inject,
  ];
  const outcome = outcomeOf(rig.spawn(args, { prefix }));
  outcome.then(() => appendFileSync(log, "ended\n"));
  const [, pid] = await written(log, /^(\d+) +--- stopped by SIGSTOP ---$|^ended$/m);
  if (pid === undefined) assert.fail(`${args.join(" ")} ended before ${call}: ${(await outcome).stderr}`);
  return { pid: Number(pid), outcome, goOn: () => void process.kill(Number(pid), "SIGCONT") };
}
