import { readdirSync, readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { prepare } from "../runtime/container/request/prepare.ts";
import { start } from "../runtime/container/start.ts";
import { readNetworks } from "../runtime/state/network-store.ts";
import { traces } from "../test/rig/leaks.ts";
import { inParallel } from "./parallel.ts";
import type { Scenario } from "./scenario.ts";
import { type Scope, workDirectory } from "./scope.ts";

/** How many containers one after another, and how many of which 16 run at a time. */
const [IN_A_ROW = 1000, AT_A_TIME = 200] = process.env["TINYDOCKER_BENCH_SOAK"]?.split(",").map(Number) ?? [];
const PARALLEL = 16;
/** A container ends with another code than those beside it. */
const CODES = 7;
/** Its own addresses are those that the kernel takes for local. */
const SCRIPT = `awk '/host LOCAL/ { print address } { address = $2 }' /proc/net/fib_trie; exit "$1"`;
const LIMITS = { memory: "64m", cpus: "0.5", pidsLimit: "50" };
/** The kernel removes a cable a moment after its container. */
const CABLE_MS = 5_000;

interface Run {
  readonly began: number;
  readonly ended: number;
  readonly address: string;
}

/**
 * Containers with a network, limits and, one after another, a published port. Throws when two had the same address, one had none
 * or ended with a wrong code, or anything is left of them.
 */
export async function benchSoak(scope: Scope): Promise<Scenario[]> {
  const directory = await workDirectory(scope);
  const root = join(directory, "state");
  process.env["TINYDOCKER_ROOT"] = root;
  // It makes the network, and what this process keeps.
  await runAll(directory, 1, 1);
  const before = whatThereIs(root);
  for (const [count, parallel] of [
    [IN_A_ROW, 1],
    [AT_A_TIME, PARALLEL],
  ] as const) {
    const began = performance.now();
    const runs = await runAll(directory, count, parallel);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    refuse([...sharedAddresses(runs), ...(await leftOf(before, root))]);
    process.stdout.write(`soak: ${count} containers, ${parallel} at a time: ${seconds} s, nothing left\n`);
  }
  return [];
}

async function runAll(directory: string, count: number, parallel: number): Promise<Run[]> {
  const runs: Run[] = [];
  const works = Array.from({ length: count }, (_, i) => async () => {
    runs.push(await runOne(directory, i, parallel === 1));
  });
  await inParallel(works, parallel);
  return runs;
}

async function runOne(directory: string, number: number, publishes: boolean): Promise<Run> {
  const expected = number % CODES;
  const network = { names: ["bridge"], ...(publishes ? { publish: ["127.0.0.1:18080:80"] } : {}) };
  const args = ["/bin/sh", "-c", SCRIPT, "sh", String(expected)];
  const spec = await prepare({ name: `soak${number}`, args, network, limits: LIMITS });
  const path = join(directory, `output${number}`);
  await using output = await open(path, "w");
  const began = performance.now();
  const container = await start(spec, { stdio: [output.fd, output.fd, output.fd] });
  const { code } = await container.exited;
  const ended = performance.now();
  refuse(code === expected ? [] : [`${spec.name} ended with ${code}, not ${expected}`]);
  const said = readFileSync(path, "utf8");
  const address = said.split("\n").find((line) => /^\d/.test(line) && !line.startsWith("127."));
  if (address === undefined) throw new Error(`${spec.name} has no address: ${said}`);
  return { began, ended, address };
}

function sharedAddresses(runs: readonly Run[]): string[] {
  const inTurn = runs.toSorted((one, other) => one.began - other.began);
  const last = new Map<string, Run>();
  return inTurn.flatMap((run) => {
    const earlier = last.get(run.address);
    last.set(run.address, run);
    return earlier && earlier.ended > run.began ? [`${run.address} was given to two containers at once`] : [];
  });
}

function whatThereIs(root: string) {
  return { ...traces(root), descriptors: readdirSync("/proc/self/fd").length, leases: readNetworks(root).leases };
}

async function leftOf(before: ReturnType<typeof whatThereIs>, root: string): Promise<string[]> {
  const deadline = performance.now() + CABLE_MS;
  for (;;) {
    const after = whatThereIs(root);
    if (isDeepStrictEqual(after, before)) return [];
    if (performance.now() > deadline)
      return [`what there is changed from ${JSON.stringify(before)} to ${JSON.stringify(after)}`];
    await pause(100);
  }
}

function refuse(faults: readonly string[]): void {
  if (faults.length > 0) throw new Error(faults.join("\n"));
}
