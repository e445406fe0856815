import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { devtoolArgv } from "../test/rig/project.ts";
import { find } from "./peers.ts";
import { openRemote, type Remote } from "./remote.ts";
import { type Contender, interleave, type Result, type Sample } from "./rounds.ts";
import type { Scenario } from "./scenario.ts";
import type { Scope } from "./scope.ts";
import { smallProject } from "./small-project.ts";

const OURS = "devtool run";
const OPENSSH = "ssh";
const BYTES = 1 << 30;
const ROUNDS = 3;
const ECHOES = 200;
const STALLED = "devtool run";
const MEMORY_MAX = "64 MB";
/** As long as what has arrived stays the same, a stalled run has taken all that it will. */
const STILL_MS = 2_000;

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** A command on the target, its input and output passed on. */
interface Way {
  readonly name: string;
  run(command: readonly string[]): Child;
}

/** What passes through `devtool run`, against OpenSSH's client: much output, a byte there and back, and output that nobody reads. */
export async function benchStream(scope: Scope): Promise<Scenario[]> {
  if (process.geteuid?.() !== 0 || !find("ssh") || !find("sshd") || !find("rsync")) return [];
  const remote = await openRemote(scope);
  const ways = await waysOf(remote, scope);
  return [await throughput(ways), await echo(ways), await stalled(ways)];
}

async function waysOf({ sshd, plain, host }: Remote, scope: Scope): Promise<Way[]> {
  const project = await smallProject([sshd], scope);
  const start = ([program = "", ...args]: readonly string[]) =>
    spawn(program, args, { cwd: project, stdio: ["pipe", "pipe", "ignore"] });
  return [
    { name: OURS, run: (command) => start(devtoolArgv(["run", ...command])) },
    { name: OPENSSH, run: (command) => start([...plain, host, command.join(" ")]) },
  ];
}

/** From the first byte to the last. */
async function throughput(ways: readonly Way[]): Promise<Scenario> {
  const contenders = ways.map(
    ({ name, run }): Contender => ({ name, measure: () => reading(run(["head", "-c", `${BYTES}`, "/dev/zero"])) }),
  );
  return {
    title: `stream, ${BYTES >> 20} MiB of output`,
    results: await interleave(contenders, { rounds: ROUNDS }),
    // 0.9 of its throughput.
    targets: [{ ours: OURS, peer: OPENSSH, unit: "milliseconds", atMost: 1.11 }],
  };
}

async function reading(child: Child): Promise<Sample> {
  child.stdin.end();
  let started: number | undefined;
  let bytes = 0;
  for await (const piece of child.stdout) {
    started ??= performance.now();
    bytes += piece.length;
  }
  const milliseconds = performance.now() - (started ?? 0);
  if (bytes !== BYTES) throw new Error(`${bytes} bytes arrived of ${BYTES}`);
  return { milliseconds, bytes };
}

/** Of a line that `cat` gives back. */
async function echo(ways: readonly Way[]): Promise<Scenario> {
  const children = ways.map(({ run }) => run(["cat"]));
  for (const child of children) await echoed(child);
  const contenders = ways.map(
    ({ name }, index): Contender => ({
      name,
      measure: async () => {
        const started = performance.now();
        await echoed(children[index]);
        return { milliseconds: performance.now() - started };
      },
    }),
  );
  const results = await interleave(contenders, { rounds: ECHOES });
  for (const child of children) await ended(child);
  return { title: "stream, a line there and back", results, targets: [] };
}

async function echoed(child: Child | undefined): Promise<void> {
  child?.stdin.write("x\n");
  await once(child?.stdout as NodeJS.ReadableStream, "data");
}

async function ended(child: Child): Promise<void> {
  const closed = once(child, "close");
  child.stdin.end();
  await closed;
}

/** The memory of one whose output nobody reads any more, once it takes no more of it. */
async function stalled(ways: readonly Way[]): Promise<Scenario> {
  const [ours] = ways;
  const child = ours?.run(["head", "-c", `${BYTES}`, "/dev/zero"]) as Child;
  const started = performance.now();
  await once(child.stdout, "readable");
  const bytes = await settledMemory(child.pid ?? 0);
  const milliseconds = performance.now() - started;
  child.stdin.end();
  const closed = once(child, "close");
  child.kill("SIGTERM");
  child.stdout.resume();
  await closed;
  return {
    title: "stream, the memory of a run whose output nobody reads",
    results: [
      { name: STALLED, milliseconds, bytes, samples: [] },
      { name: MEMORY_MAX, milliseconds, bytes: 64_000_000, samples: [] },
    ] satisfies Result[],
    targets: [{ ours: STALLED, peer: MEMORY_MAX, unit: "bytes", atMost: 1 }],
  };
}

/** Resident, once it has not grown for a while. */
async function settledMemory(pid: number): Promise<number> {
  for (let before = 0; ; ) {
    await pause(STILL_MS);
    const bytes = await resident(pid);
    if (bytes <= before) return bytes;
    before = bytes;
  }
}

async function resident(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1_024;
}
