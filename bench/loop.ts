import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { localTarget } from "../devtool/targets/local/local.ts";
import { devtoolArgv, projectCopy, run as runToEnd } from "../test/rig/project.ts";
import { lanes } from "./lanes.ts";
import { find } from "./peers.ts";
import { publishedPort } from "./published.ts";
import { openRemote, type Remote } from "./remote.ts";
import { type Contender, interleave, type Sample } from "./rounds.ts";
import { run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { type Scope, workDirectory } from "./scope.ts";
import { branchSwitch } from "./switch.ts";
import { partsOf, startWatch } from "./watching.ts";

const OURS = "devtool watch";
const COLD = "devtool watch, warm: false";
const WARM_NODE = "Node.js started ahead";
const FRESH_NODE = "a fresh Node.js";
const PLAIN = "script, plain ssh";
const MULTIPLEXED = "script, multiplexed ssh";
const ROUNDS = 25;
/** Until a process that was got ready waits, as it does between two saves. */
const READY_MS = 300;
const REPOSITORY = join(import.meta.dirname, "..");
/** What the program runs. */
const OUTPUT = "out";

/** A save: what is appended to a file of so many bytes. */
interface Edit {
  readonly path: string;
  readonly line: (bytes: number) => string;
}

const EDITS = {
  bundle: { path: "runtime/cli.ts", line: (bytes) => `Object.assign(globalThis, { edit: ${bytes} });\n` },
  native: { path: "native/library/flow.c", line: (bytes) => `const int edit_${bytes} = ${bytes};\n` },
  comment: { path: "runtime/cli.ts", line: (bytes) => `// ${bytes}\n` },
} as const satisfies Record<string, Edit>;

/** A way from a save to the container's output, in a project of its own. */
interface Way {
  readonly name: string;
  readonly project: string;
  /** Settles at the first byte. `isUnchanged`: the program is the same, and need not be started again. */
  readonly measure: (started: number, isUnchanged: boolean) => Promise<Sample>;
}

/** From a save to the first byte that the container prints: devtool against the script that a user would write. */
export async function benchLoop(scope: Scope): Promise<Scenario[]> {
  if (process.geteuid?.() !== 0 || !find("ssh") || !find("sshd") || !find("rsync") || !find("make")) return [];
  const remote = await openRemote(scope);
  const state = await workDirectory(scope);
  const env = { TINYDOCKER_ROOT: state, TINYDOCKER_NETWORK: "none" };
  const run = [process.execPath, "--", ".devtool/tinydocker.js", "run"];
  const copy = (settings: object) => projectCopy(scope, { env, run, ...settings });
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const ours = await watching(OURS, remote, await copy({}), scope);
  const cold = await watching(COLD, remote, await copy({ warm: false }), scope);
  const [plain, multiplexed] = await scripts(remote, await copy({}), ["env", ...variables, ...run]);
  const saving = async (edit: Edit, ...ways: readonly Way[]) =>
    await interleave(
      ways.map((way) => contender(way, edit)),
      { rounds: ROUNDS },
    );
  return [
    await warmStart(scope),
    {
      title: `loop, save → first byte of \`run … /bin/echo ${OUTPUT}\``,
      results: await saving(EDITS.bundle, ours, cold, plain, multiplexed),
      targets: [
        { ours: OURS, peer: PLAIN, unit: "milliseconds", atMost: 0.12 },
        { ours: OURS, peer: MULTIPLEXED, unit: "milliseconds", atMost: 0.4 },
      ],
    },
    {
      title: "loop, a C file saved → first byte",
      results: await saving(EDITS.native, ours, multiplexed),
      targets: [{ ours: OURS, peer: MULTIPLEXED, unit: "milliseconds", atMost: 0.7 }],
    },
    {
      title: "loop, a comment saved → nothing is started again; the script's first byte",
      results: await saving(EDITS.comment, ours, multiplexed),
      targets: [],
    },
    await lanes(remote, scope),
    ...(await branchSwitch(remote, scope)),
    ...(await publishedPort(remote, scope)),
  ];
}

function contender({ name, project, measure }: Way, edit: Edit): Contender {
  return { name, measure: async () => await measure(await save(project, edit), edit === EDITS.comment) };
}

/** The clock starts with it. */
async function save(project: string, { path, line }: Edit): Promise<number> {
  const file = join(project, path);
  const bytes = (await readFile(file)).length;
  const started = performance.now();
  await appendFile(file, line(bytes));
  return started;
}

async function watching(name: string, { sshd, host }: Remote, project: string, scope: Scope): Promise<Way> {
  const options = ["--target", host, "--ssh-config", sshd.configFile];
  const container = name.replaceAll(/\W/g, "");
  const { until } = startWatch([...options, container, "/bin/echo", OUTPUT], project, scope);
  await until("exited");
  return {
    name,
    project,
    measure: async (started, isUnchanged) => {
      const lines = await until("changed");
      lines.push(...(await until(isUnchanged ? "finished" : "responded")));
      const milliseconds = performance.now() - started;
      if (!isUnchanged) await until("exited");
      return { milliseconds, parts: partsOf(lines, milliseconds) };
    },
  };
}

async function scripts(remote: Remote, project: string, tinydocker: readonly string[]): Promise<[Way, Way]> {
  const { sshd, host, plain, multiplexed } = remote;
  // Once, for what a user would set up beforehand: the add-ons beside the bundle.
  const options = ["--target", host, "--ssh-config", sshd.configFile];
  const built = await runToEnd(devtoolArgv(["build", ...options]), { cwd: project });
  if (built.code !== 0) throw new Error(built.stderr);
  const esbuild = join(REPOSITORY, "node_modules/.bin/esbuild");
  const bundle = `${esbuild} ${EDITS.bundle.path} ${ESBUILD_OPTIONS} --outfile=.devtool/tinydocker.js`;
  const mirror = join(sshd.home, "script");
  const command = `cd ${mirror} && make -s -C native && ${tinydocker.join(" ")} loop-script /bin/echo ${OUTPUT}`;
  const script = (ssh: readonly string[]) =>
    [
      bundle,
      `rsync -a --exclude=/node_modules --exclude=/dist --exclude=/native/build -e "${ssh.join(" ")}" ./ ${host}:${mirror}/`,
      `${ssh.join(" ")} ${host} '${command}'`,
    ].join(" && ");
  const way = (name: string, ssh: readonly string[]): Way => ({
    name,
    project,
    measure: async (started) => ({ milliseconds: (await firstByte(script(ssh), project)) - started }),
  });
  await run(["sh", "-c", script(plain)], { cwd: project });
  return [way(PLAIN, plain), way(MULTIPLEXED, multiplexed)];
}

const EXTERNAL = ["koffi", "yargs", "fzstd"].map((name) => `--external:${name}`).join(" ");
/** As devtool.config.ts has them. */
const OPTIONS = "--format=cjs --define:import.meta.filename=__filename";
const ESBUILD_OPTIONS = `--bundle --platform=node ${OPTIONS} --target=node20.19 ${EXTERNAL} --log-level=warning`;

async function firstByte(script: string, cwd: string): Promise<number> {
  const child = spawn("sh", ["-c", script], { cwd, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  await once(child.stdout, "data");
  const at = performance.now();
  child.stdout.resume();
  const [code] = await ended;
  if (code !== 0) throw new Error(`the script ended with ${code}`);
  return at;
}

/** From a start of a Node.js program by the agent to its first byte. */
async function warmStart(scope: Scope): Promise<Scenario> {
  const cwd = await workDirectory(scope);
  await writeFile(join(cwd, "main.cjs"), `console.log("${OUTPUT}");\n`);
  const connection = await localTarget("local", { sudo: undefined }).connect(new AbortController().signal);
  scope.after(() => connection.close());
  const argv = [process.execPath, "main.cjs"];
  const start = async () => {
    const started = performance.now();
    const child = await connection.exec(argv, { cwd });
    child.stdin.end();
    await once(child.stdout, "data");
    const milliseconds = performance.now() - started;
    child.stdout.resume();
    child.stderr.resume();
    await child.exited;
    return { milliseconds };
  };
  const ahead = async () => {
    await connection.prepare?.(argv, { cwd });
    await pause(READY_MS);
    return await start();
  };
  const contenders = [
    { name: WARM_NODE, measure: ahead },
    { name: FRESH_NODE, measure: start },
  ];
  return {
    title: "start of a Node.js program by the agent → first byte",
    results: await interleave(contenders, { rounds: ROUNDS }),
    targets: [{ ours: WARM_NODE, peer: FRESH_NODE, unit: "milliseconds", atMost: 0.35 }],
  };
}
