import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { devtoolArgv, projectCopy, run as runToEnd } from "../test/rig/project.ts";
import { find } from "./peers.ts";
import { openRemote, type Remote } from "./remote.ts";
import { type Contender, interleave } from "./rounds.ts";
import { run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { type Scope, workDirectory } from "./scope.ts";

const OURS = "devtool watch";
const PLAIN = "script, plain ssh";
const MULTIPLEXED = "script, multiplexed ssh";
const ROUNDS = 25;
const REPOSITORY = join(import.meta.dirname, "..");
/** What is edited, and what runs after it. */
const SOURCE = "runtime/cli.ts";
const OUTPUT = "out";

/** From a save to the first byte that the container prints: devtool against the script that a user would write. */
export async function benchLoop(scope: Scope): Promise<Scenario[]> {
  if (process.geteuid?.() !== 0 || !find("ssh") || !find("sshd") || !find("rsync") || !find("make")) return [];
  const remote = await openRemote(scope);
  const state = await workDirectory(scope);
  const tinydocker = [
    "env",
    `TINYDOCKER_ROOT=${state}`,
    "TINYDOCKER_NETWORK=none",
    process.execPath,
    ".devtool/tinydocker.js",
    "run",
  ];
  const contenders = [
    await watching(remote, await projectCopy(scope, { run: tinydocker }), scope),
    ...(await scripts(remote, await projectCopy(scope, { run: tinydocker }), tinydocker)),
  ];
  const results = await interleave(contenders, { rounds: ROUNDS });
  const title = `loop, save → first byte of \`run … /bin/echo ${OUTPUT}\``;
  return [
    {
      title,
      results,
      targets: [
        { ours: OURS, peer: PLAIN, unit: "milliseconds", atMost: 0.4 },
        { ours: OURS, peer: MULTIPLEXED, unit: "milliseconds", atMost: 0.9 },
      ],
    },
  ];
}

/** A save that changes the bundle; the clock starts with it. */
async function save(project: string): Promise<number> {
  const path = join(project, SOURCE);
  const size = (await readFile(path)).length;
  const started = performance.now();
  await appendFile(path, `Object.assign(globalThis, { edit: ${size} });\n`);
  return started;
}

async function watching({ sshd, host }: Remote, project: string, scope: Scope): Promise<Contender> {
  const options = ["--target", host, "--ssh-config", sshd.configFile, "--json"];
  const [node = "", ...args] = devtoolArgv(["watch", ...options, "loop-watch", "/bin/echo", OUTPUT]);
  const child = spawn(node, args, { cwd: project, stdio: ["ignore", "pipe", "inherit"] });
  scope.after(async () => {
    const ended = once(child, "exit");
    child.kill("SIGINT");
    await ended;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (event: string): Promise<number> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error("devtool watch ended");
      const line = JSON.parse(value);
      if (line.event === "failed") throw new Error(`devtool watch: ${line.message}`);
      if (line.event === event) return performance.now();
    }
  };
  await next("exited");
  return {
    name: OURS,
    measure: async () => {
      const started = await save(project);
      const milliseconds = (await next("output")) - started;
      await next("exited");
      return { milliseconds };
    },
  };
}

async function scripts(remote: Remote, project: string, tinydocker: readonly string[]): Promise<Contender[]> {
  const { sshd, host, plain, multiplexed } = remote;
  // Once, for what a user would set up beforehand: the add-ons beside the bundle.
  const options = ["--target", host, "--ssh-config", sshd.configFile];
  const built = await runToEnd(devtoolArgv(["build", ...options]), { cwd: project });
  if (built.code !== 0) throw new Error(built.stderr);
  const esbuild = join(REPOSITORY, "node_modules/.bin/esbuild");
  const bundle = `${esbuild} ${SOURCE} ${ESBUILD_OPTIONS} --outfile=.devtool/tinydocker.js`;
  const mirror = join(sshd.home, "script");
  const command = `cd ${mirror} && make -s -C native && ${tinydocker.join(" ")} loop-script /bin/echo ${OUTPUT}`;
  const script = (ssh: readonly string[]) =>
    [
      bundle,
      `rsync -a --exclude=/node_modules --exclude=/dist --exclude=/native/build -e "${ssh.join(" ")}" ./ ${host}:${mirror}/`,
      `${ssh.join(" ")} ${host} '${command}'`,
    ].join(" && ");
  const contender = (name: string, ssh: readonly string[]): Contender => ({
    name,
    measure: async () => {
      const started = await save(project);
      return { milliseconds: (await firstByte(script(ssh), project)) - started };
    },
  });
  await run(["sh", "-c", script(plain)], { cwd: project });
  return [contender(PLAIN, plain), contender(MULTIPLEXED, multiplexed)];
}

const EXTERNAL = ["koffi", "yargs", "fzstd"].map((name) => `--external:${name}`).join(" ");
const ESBUILD_OPTIONS = `--bundle --platform=node --format=esm --target=node20 ${EXTERNAL} --log-level=warning`;
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
