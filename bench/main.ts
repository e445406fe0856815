import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { arch, cpus, release } from "node:os";
import { join } from "node:path";
import { benchEdits } from "./edits.ts";
import { benchExec } from "./exec.ts";
import { benchFuzz } from "./fuzz.ts";
import { benchLife } from "./life.ts";
import { benchLoop } from "./loop.ts";
import { benchPull } from "./pull.ts";
import { ratioOf, type Scenario, tableOf } from "./scenario.ts";
import { openScope, type Scope } from "./scope.ts";
import { benchSession } from "./session.ts";
import { benchSoak } from "./soak.ts";
import { benchStart } from "./start.ts";
import { benchStream } from "./stream.ts";
import { benchSync } from "./sync.ts";
import { benchWatch } from "./watch.ts";

const GROUPS: Readonly<Record<string, (scope: Scope) => Promise<Scenario[]>>> = {
  start: benchStart,
  exec: benchExec,
  sync: benchSync,
  life: benchLife,
  loop: benchLoop,
  session: benchSession,
  stream: benchStream,
  watch: benchWatch,
  pull: benchPull,
  soak: benchSoak,
  fuzz: benchFuzz,
  edits: benchEdits,
};
/** These compare nothing: they look for what many containers leave, for inputs that a parser can't take, and for lost edits. */
const UNASKED = Object.keys(GROUPS).filter((name) => !["soak", "fuzz", "edits"].includes(name));

/** `npm run bench [-- start|exec|sync|life|loop|session|stream|watch|pull|soak|fuzz|edits …]`: prints tables, and saves them as JSON in bench/results/. */
async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !Object.hasOwn(GROUPS, name));
  if (unknown.length > 0)
    throw new Error(`unknown groups: ${unknown.join(", ")}; known are ${Object.keys(GROUPS).join(", ")}`);
  const scenarios: Scenario[] = [];
  for (const name of names.length > 0 ? names : UNASKED) {
    await using scope = openScope();
    for (const scenario of (await GROUPS[name]?.(scope)) ?? []) {
      process.stdout.write(`${tableOf(scenario)}\n`);
      scenarios.push(scenario);
    }
  }
  if (scenarios.length > 0) process.stdout.write(`saved as ${await save(scenarios)}\n`);
}

// Whose certificates each Node.js would read as it starts, for 20 to 30 ms.
delete process.env["NODE_EXTRA_CA_CERTS"];

const INSIDE = "TINYDOCKER_BENCH_INSIDE";

/**
 * As root, runs `inside` in a mount and a network namespace that end with the benchmark, so that no network of this machine
 * is touched. crun refuses to run where cgroup v1 and v2
 * are both mounted, so v2 is unmounted there, once and not in each round.
 */
async function ownNamespace(inside: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0 || process.env[INSIDE]) return inside();
  const script =
    'ip link set lo up; if mountpoint -q /sys/fs/cgroup/unified; then umount -l /sys/fs/cgroup/unified; fi; exec "$@"';
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn("unshare", ["-m", "-n", "sh", "-c", script, "sh", ...self], {
    stdio: "inherit",
    env: { ...process.env, [INSIDE]: "1" },
  });
  const [code] = await once(child, "exit");
  process.exitCode = code ?? 1;
}

async function save(scenarios: readonly Scenario[]): Promise<string> {
  const directory = join(import.meta.dirname, "results");
  await mkdir(directory, { recursive: true });
  const date = new Date().toISOString();
  const machine = {
    kernel: release(),
    arch: arch(),
    node: process.version,
    processors: cpus().map(({ model }) => model),
  };
  const measured = scenarios.map((scenario) => ({
    ...scenario,
    targets: scenario.targets.map((target) => ({ ...target, ratio: ratioOf(scenario.results, target) })),
  }));
  const path = join(directory, `${date.replaceAll(":", "-")}.json`);
  await writeFile(path, `${JSON.stringify({ date, machine, scenarios: measured }, undefined, 2)}\n`);
  return path;
}

await ownNamespace(() => main(process.argv.slice(2)));
