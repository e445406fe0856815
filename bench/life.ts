import { copyFile, mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { EMPTY_NODE } from "./empty-node.ts";
import { find } from "./peers.ts";
import { type Contender, interleave, type Sample, timed } from "./rounds.ts";
import { run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { type Scope, workDirectory } from "./scope.ts";
import { sideBySide } from "./side-by-side.ts";

const PROGRAM = join(import.meta.dirname, "../dist/tinydocker.cjs");
const OURS = "tinydocker";
const PEER = "podman with crun and conmon";
const ROUNDS = 9;
const THROUGHPUT_ROUNDS = 3;
const LOG_BYTES = 1 << 30;
/** 100 bytes with the newline. */
const LINE = "0123456789".repeat(10).slice(1);

/** A way to run containers that stay. */
interface Engine {
  readonly name: string;
  runDetached(name: string, command: readonly string[]): Promise<unknown>;
  wait(name: string): Promise<unknown>;
  stop(name: string): Promise<unknown>;
  remove(name: string): Promise<unknown>;
  /** The program that stays with a container. */
  readonly monitor: string;
}

/** Containers that stay, by the command line: starting one, what its monitor takes, and how fast its log is written; and many at a time. */
export async function benchLife(scope: Scope): Promise<Scenario[]> {
  if (process.geteuid?.() !== 0) {
    process.stderr.write("bench: life is left out: it needs root\n");
    return [];
  }
  const directory = await workDirectory(scope);
  const rootfs = await busyboxRoot(join(directory, "rootfs"));
  const engines = [await ours(directory, rootfs), ...podman(directory, rootfs, scope)];
  const target = (unit: "milliseconds" | "bytes", atMost: number) =>
    [{ ours: OURS, peer: PEER, unit, atMost }] as const;
  return [
    {
      title: "life, run -d",
      results: await interleave([...engines.map(starting), EMPTY_NODE], { rounds: ROUNDS }),
      targets: target("milliseconds", 0.4),
    },
    {
      title: "life, stop and rm of a container that ends at SIGTERM",
      results: await interleave(engines.map(stopping), { rounds: ROUNDS }),
      targets: [],
    },
    {
      title: "life, the memory of a monitor (Pss)",
      results: await interleave(engines.map(remembering), { rounds: 1 }),
      targets: target("bytes", 0.15),
    },
    {
      title: `life, the log of a container that prints ${LOG_BYTES >> 20} MiB`,
      results: await interleave(engines.map(printing), { rounds: THROUGHPUT_ROUNDS }),
      targets: target("milliseconds", 1),
    },
    ...(await sideBySide(scope)),
  ];
}

const STAYS = ["sleep", "1000"];

function starting(engine: Engine): Contender {
  const measure = async () => {
    const sample = await timed(() => engine.runDetached("bench", STAYS));
    await engine.remove("bench");
    return sample;
  };
  return { name: engine.name, measure };
}

const ENDS_AT_SIGTERM = ["sh", "-c", 'trap "exit 0" TERM; sleep 1000 & wait'];

function stopping(engine: Engine): Contender {
  const measure = async () => {
    await engine.runDetached("bench", ENDS_AT_SIGTERM);
    return await timed(async () => {
      await engine.stop("bench");
      await engine.remove("bench");
    });
  };
  return { name: engine.name, measure };
}

function remembering(engine: Engine): Contender {
  const measure = async (): Promise<Sample> => {
    await engine.runDetached("bench", STAYS);
    const bytes = await pssOf(engine.monitor);
    await engine.remove("bench");
    return { milliseconds: 0, bytes };
  };
  return { name: engine.name, measure };
}

function printing(engine: Engine): Contender {
  const command = ["sh", "-c", `yes ${LINE} | head -c ${LOG_BYTES}`];
  const measure = async () => {
    const sample = await timed(async () => {
      await engine.runDetached("bench", command);
      await engine.wait("bench");
    });
    await engine.remove("bench");
    return sample;
  };
  return { name: engine.name, measure };
}

/** Of the newest process of that name, as /proc/PID/smaps_rollup has it. */
async function pssOf(program: string): Promise<number> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(b) - Number(a));
  for (const pid of pids) {
    const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
    if (name.trim() !== program.slice(0, 15)) continue;
    const [, kilobytes] = /^Pss:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, "utf8")) ?? [];
    return Number(kilobytes) * 1024;
  }
  throw new Error(`no process ${program}`);
}

async function busyboxRoot(directory: string): Promise<string> {
  await mkdir(join(directory, "bin"), { recursive: true });
  await copyFile("/usr/bin/busybox", join(directory, "bin/busybox"));
  for (const applet of ["sh", "sleep", "yes", "head"]) await symlink("busybox", join(directory, "bin", applet));
  return directory;
}

async function ours(directory: string, rootfs: string): Promise<Engine> {
  const env = { ...process.env, TINYDOCKER_ROOT: join(directory, "state"), TINYDOCKER_NETWORK: "none" };
  const tinydocker = (...words: readonly string[]) => run([PROGRAM, ...words], { env });
  await tinydocker("image", "import", "bench", rootfs);
  const log = ["--log-opt", "max-size=4g", "--log-opt", "max-file=1"];
  return {
    name: OURS,
    runDetached: (name, command) => tinydocker("run", "-d", ...log, "--image", "bench", name, ...command),
    wait: (name) => tinydocker("wait", name),
    stop: (name) => tinydocker("stop", name),
    remove: (name) => tinydocker("rm", "-f", name),
    monitor: "tinydocker-monitor",
  };
}

function podman(directory: string, rootfs: string, scope: Scope): Engine[] {
  const program = find("podman");
  if (!program) return [];
  const own = ["--root", join(directory, "podman"), "--runroot", join(directory, "podman-run")];
  const call = (...words: readonly string[]) =>
    run([program, ...own, "--runtime", "crun", "--cgroup-manager", "cgroupfs", ...words]);
  // It may mount this on itself.
  scope.after(() => run(["umount", "-l", join(directory, "podman/overlay")]).catch(() => {}));
  // Otherwise they are raised, which not every root may.
  const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
  const log = ["--log-driver", "k8s-file", "--log-opt", "max-size=4g"];
  return [
    {
      name: PEER,
      runDetached: (name, command) =>
        call(
          "run",
          "-d",
          "--network",
          "none",
          ...limits,
          ...log,
          "--name",
          name,
          "--rootfs",
          `${rootfs}:O`,
          ...command,
        ),
      wait: (name) => call("wait", name),
      stop: (name) => call("stop", name),
      remove: (name) => call("rm", "-f", "-t", "0", name),
      monitor: "conmon",
    },
  ];
}
