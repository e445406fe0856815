import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { devtoolArgv, run as runToEnd } from "../test/rig/project.ts";
import { find } from "./peers.ts";
import { openRemote, type Remote } from "./remote.ts";
import { type Contender, interleave, timed } from "./rounds.ts";
import { run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { type Scope, workDirectory } from "./scope.ts";

const WATCH = "devtool watch, first round";
const SYNC = "devtool sync";
const SAVE = "devtool watch, save → there";
const FILES_FROM = "rsync --files-from";
const CONFIG = { sync: { exclude: ["*.log"] }, run: ["true"] };

/** What a large project costs: when watch starts, and at a save. */
export async function benchWatch(scope: Scope): Promise<Scenario[]> {
  if (!find("rsync") || !find("ssh") || !find("sshd")) return [];
  const remote = await openRemote(scope);
  return [await oneSave(remote, scope), await firstRound(remote, scope)];
}

async function firstRound(remote: Remote, scope: Scope): Promise<Scenario> {
  const root = await makeProject(scope, 50_000);
  const watch: Contender = {
    name: WATCH,
    measure: async () => {
      const started = performance.now();
      const devtool = startDevtool(remote, root, "watch");
      await devtool.next("started");
      const milliseconds = performance.now() - started;
      await devtool.stop();
      return { milliseconds };
    },
  };
  const sync: Contender = { name: SYNC, measure: () => timed(() => toEnd(remote, root, "sync")) };
  const results = await interleave([watch, sync], { rounds: 5 });
  const target = { ours: WATCH, peer: SYNC, unit: "milliseconds", atMost: 1.3 } as const;
  return { title: "watch, first round, nothing to do, 50,000 files", results, targets: [target] };
}

async function oneSave(remote: Remote, scope: Scope): Promise<Scenario> {
  const [root, unwatched] = [await makeProject(scope, 20_000), await makeProject(scope, 20_000)];
  const devtool = startDevtool(remote, root, "watch");
  scope.after(() => devtool.stop());
  await devtool.next("exited");
  const mirror = join(remote.sshd.home, "files-from");
  const rsync = [
    "rsync",
    "-a",
    "--files-from=-",
    "-e",
    remote.multiplexed.join(" "),
    `${root}/`,
    `${remote.host}:${mirror}/`,
  ];
  const changed = "folder100/file10001.ts";
  const list = join(root, "../list");
  await writeFile(list, `${changed}\n`);
  let saves = 0;
  const save = async (project: string) => {
    saves += 1;
    await writeFile(join(project, "../saved"), `export const saved = ${saves};\n`);
    const started = performance.now();
    await rename(join(project, "../saved"), join(project, changed));
    return started;
  };
  const ours: Contender = {
    name: SAVE,
    measure: async () => {
      const started = await save(root);
      await devtool.next("synced");
      const milliseconds = performance.now() - started;
      await devtool.next("exited");
      return { milliseconds };
    },
  };
  const theirs: Contender = {
    name: FILES_FROM,
    measure: async () => {
      const started = await save(unwatched);
      await run(["sh", "-c", 'list=$1; shift; exec "$@" <"$list"', "sh", list, ...rsync]);
      return { milliseconds: performance.now() - started };
    },
  };
  const results = await interleave([ours, theirs], { rounds: 25 });
  const target = { ours: SAVE, peer: FILES_FROM, unit: "milliseconds", atMost: 0.3 } as const;
  return { title: "watch, one changed file of 20,000, save → there", results, targets: [target] };
}

const FILES_A_DIRECTORY = 100;

async function makeProject(scope: Scope, files: number): Promise<string> {
  const root = join(await workDirectory(scope), "project");
  for (let file = 0; file < files; file += 1) {
    const folder = join(root, `folder${Math.floor(file / FILES_A_DIRECTORY)}`);
    if (file % FILES_A_DIRECTORY === 0) await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `file${file}.ts`), `export const value${file} = ${file};\n`);
  }
  await writeFile(join(root, "devtool.config.json"), JSON.stringify(CONFIG));
  return root;
}

function optionsFor({ sshd, host }: Remote): string[] {
  return ["--target", host, "--ssh-config", sshd.configFile, "--json"];
}

async function toEnd(remote: Remote, root: string, command: string): Promise<void> {
  const { code, stderr } = await runToEnd(devtoolArgv([command, ...optionsFor(remote)]), { cwd: root });
  if (code !== 0) throw new Error(stderr);
}

function startDevtool(remote: Remote, root: string, command: string) {
  const [node = "", ...args] = devtoolArgv([command, ...optionsFor(remote)]);
  const child: ChildProcess = spawn(node, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  if (!child.stdout) throw new Error("no stdout");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (event: string) => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error("devtool ended");
      const line = JSON.parse(value);
      if (line.event === "failed") throw new Error(`devtool: ${line.message}`);
      if (line.event === event) return;
    }
  };
  const stop = async () => {
    const ended = once(child, "exit");
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGINT");
    else return;
    await ended;
  };
  return { next, stop };
}
