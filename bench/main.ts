import { mkdir, writeFile } from "node:fs/promises";
import { arch, cpus, release } from "node:os";
import { join } from "node:path";
import { ratioOf, type Scenario, tableOf } from "./scenario.ts";
import { openScope, type Scope } from "./scope.ts";
import { benchSync } from "./sync.ts";

const GROUPS: Readonly<Record<string, (scope: Scope) => Promise<Scenario[]>>> = {
  sync: benchSync,
};

/** `npm run bench [-- start|sync|loop …]`: prints tables, and saves them as JSON in bench/results/. */
async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !Object.hasOwn(GROUPS, name));
  if (unknown.length > 0)
    throw new Error(`there is no ${unknown.join(", ")}; there is ${Object.keys(GROUPS).join(", ")}`);
  const scenarios: Scenario[] = [];
  for (const name of names.length > 0 ? names : Object.keys(GROUPS)) {
    await using scope = openScope();
    for (const scenario of (await GROUPS[name]?.(scope)) ?? []) {
      process.stdout.write(`${tableOf(scenario)}\n`);
      scenarios.push(scenario);
    }
  }
  process.stdout.write(`saved as ${await save(scenarios)}\n`);
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

await main(process.argv.slice(2));
