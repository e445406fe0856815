import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Sshd, startSshd } from "../test/rig/sshd.ts";
import type { Remote } from "./remote.ts";
import { type Contender, interleave } from "./rounds.ts";
import type { Scenario } from "./scenario.ts";
import type { Scope } from "./scope.ts";
import { smallProject, source } from "./small-project.ts";
import { partsOf, startWatch } from "./watching.ts";

const TWO = "save → first byte on both of two targets";
const ONE = "save → first byte on one target";
const ROUNDS = 25;

/** What a second target costs. */
export async function lanes({ sshd }: Remote, scope: Scope): Promise<Scenario> {
  const both = [sshd, await startSshd(scope)];
  const contenders = [await contender(TWO, both, scope), await contender(ONE, both.slice(1), scope)];
  const results = await interleave(contenders, { rounds: ROUNDS });
  return { title: "loop, several targets", results, targets: [] };
}

async function contender(name: string, targets: readonly Sshd[], scope: Scope): Promise<Contender> {
  const root = await smallProject(targets, scope);
  const { until } = startWatch(["node", ".devtool/main.js"], root, scope);
  const responded = async () => {
    const lines = [];
    for (const _ of targets) lines.push(...(await until("responded")));
    return lines;
  };
  await responded();
  let saves = 0;
  const measure = async () => {
    saves += 1;
    const started = performance.now();
    await writeFile(join(root, "main.ts"), source(`${saves}`));
    const lines = await responded();
    const milliseconds = performance.now() - started;
    return { milliseconds, parts: partsOf(lines, milliseconds) };
  };
  return { name, measure };
}
