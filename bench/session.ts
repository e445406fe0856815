import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { devtoolArgv } from "../test/rig/project.ts";
import { type Sshd, startSshd } from "../test/rig/sshd.ts";
import { find } from "./peers.ts";
import { openRemote, type Remote } from "./remote.ts";
import { type Contender, interleave, timed } from "./rounds.ts";
import { run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { type Scope, workDirectory } from "./scope.ts";

const BESIDE = "devtool run true, beside a watch";
const ALONE = "devtool run true, by itself";
const MULTIPLEXED = "ssh true, multiplexed";
const TWO = "save → first byte on both of two targets";
const ONE = "save → first byte on one target";
const ROUNDS = 25;

/** What a watch of a small project is worth to others: to a run beside it, and to a second target. */
export async function benchSession(scope: Scope): Promise<Scenario[]> {
  if (process.geteuid?.() !== 0 || !find("ssh") || !find("sshd") || !find("rsync")) return [];
  const remote = await openRemote(scope);
  return [await runBeside(remote, scope), await lanes([remote.sshd, await startSshd(scope)], scope)];
}

async function runBeside({ sshd, host, multiplexed }: Remote, scope: Scope): Promise<Scenario> {
  const [shared, other] = [await project([sshd], scope), await project([sshd], scope)];
  await watch(shared, scope);
  const command = (cwd: string) => async () => await timed(() => run(devtoolArgv(["run", "true"]), { cwd }));
  const contenders = [
    { name: BESIDE, measure: command(shared) },
    { name: ALONE, measure: command(other) },
    { name: MULTIPLEXED, measure: () => timed(() => run([...multiplexed, host, "true"])) },
  ];
  return {
    title: "run of `true` with nothing changed",
    results: await interleave(contenders, { rounds: ROUNDS }),
    targets: [{ ours: BESIDE, peer: MULTIPLEXED, unit: "milliseconds", atMost: 3 }],
  };
}

async function lanes(sshds: readonly [Sshd, Sshd], scope: Scope): Promise<Scenario> {
  const contenders: Contender[] = [];
  for (const [name, targets] of [
    [TWO, sshds],
    [ONE, sshds.slice(1)],
  ] as const) {
    const root = await project(targets, scope);
    const responded = await watch(root, scope);
    let saves = 0;
    const measure = async () => {
      saves += 1;
      return await timed(async () => {
        await writeFile(join(root, "main.ts"), source(`${saves}`));
        for (let target = 0; target < targets.length; target += 1) await responded();
      });
    };
    contenders.push({ name, measure });
  }
  return { title: "watch of several targets", results: await interleave(contenders, { rounds: ROUNDS }), targets: [] };
}

const source = (text: string) => `console.log(${JSON.stringify(text)});\n`;

/** A bundle of one file, for each of these targets. */
async function project(sshds: readonly Sshd[], scope: Scope): Promise<string> {
  const root = join(await workDirectory(scope), "project");
  await mkdir(root);
  const targets = sshds.map(({ host, configFile }, index) => [`t${index}`, { kind: "ssh", host, configFile }] as const);
  const config = {
    bundle: { entryPoints: { main: "main.ts" } },
    targets: Object.fromEntries(targets),
    target: targets.map(([name]) => name),
  };
  await writeFile(join(root, "devtool.config.json"), JSON.stringify(config));
  await writeFile(join(root, "main.ts"), source("first"));
  return root;
}

/** Starts a watch of it; the function that is returned waits for the next first byte of a program. */
async function watch(cwd: string, scope: Scope): Promise<() => Promise<void>> {
  const [node = "", ...args] = devtoolArgv(["watch", "--json", "node", ".devtool/main.js"]);
  const child = spawn(node, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  scope.after(async () => {
    const ended = once(child, "exit");
    child.kill("SIGINT");
    await ended;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const responded = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error("devtool watch ended");
      const line = JSON.parse(value);
      if (line.event === "failed") throw new Error(`devtool watch: ${line.message}`);
      if (line.event === "responded") return;
    }
  };
  await responded();
  return responded;
}
