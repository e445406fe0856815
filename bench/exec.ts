import { open } from "node:fs/promises";
import { join, resolve } from "node:path";
import { exec } from "../runtime/container/exec.ts";
import { prepare } from "../runtime/container/request/prepare.ts";
import { start } from "../runtime/container/start.ts";
import { writeBundle } from "./bundle.ts";
import { makeImage } from "./image.ts";
import { overlayOn } from "./overlay.ts";
import { find } from "./peers.ts";
import { type Contender, interleave, timed } from "./rounds.ts";
import { run, runDetached } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { type Scope, workDirectory } from "./scope.ts";

const OURS = "tinydocker, from a running Node.js";
const COMMAND_LINE = "tinydocker exec";
const ROUNDS = 30;
const PROGRAM = join(import.meta.dirname, "../dist/tinydocker.cjs");
const IMAGE = "bench";
const NAME = "bench";
const TRUE = ["/bin/true"];
const STAYS = ["/bin/sleep", "3600"];
/** crun would ask systemd for one. */
const CGROUPS = { crun: ["--cgroup-manager=cgroupfs"], runc: [] } as const;

/** Runs /bin/true in a container that runs, by each contender in one of its own on the same root file system. */
export async function benchExec(scope: Scope): Promise<Scenario[]> {
  if (process.geteuid?.() !== 0) {
    process.stderr.write("bench: exec is left out: it needs root\n");
    return [];
  }
  const directory = await workDirectory(scope);
  process.env["TINYDOCKER_ROOT"] = join(directory, "state");
  process.env["TINYDOCKER_NETWORK"] = "none";
  const rootfs = await makeImage(directory, IMAGE, [...TRUE, STAYS[0] ?? ""]);
  const contenders = [
    await ours(scope),
    { name: COMMAND_LINE, measure: () => timed(() => run([process.execPath, PROGRAM, "exec", NAME, ...TRUE])) },
    ...(await ociRuntime("crun", directory, rootfs, scope)),
    ...(await ociRuntime("runc", directory, rootfs, scope)),
    ...(await podman(directory, rootfs, scope)),
  ];
  const results = await interleave(contenders, { rounds: ROUNDS });
  const unit = "milliseconds";
  const targets = [
    { ours: OURS, peer: "crun exec", unit, atMost: 0.5 },
    { ours: COMMAND_LINE, peer: "podman exec", unit, atMost: 0.5 },
  ] as const;
  return [{ title: "exec, /bin/true in a container that runs", results, targets }];
}

/** The container of the command line's contender is the same. */
async function ours(scope: Scope): Promise<Contender> {
  const nothing = await open("/dev/null", "r+");
  const stdio = [nothing.fd, nothing.fd, nothing.fd] as const;
  const container = await start(await prepare({ name: NAME, image: IMAGE, args: STAYS }), { stdio });
  scope.after(async () => {
    container.kill("SIGKILL");
    await container.exited;
    await nothing.close();
  });
  await container.started;
  const root = resolve(process.env["TINYDOCKER_ROOT"] ?? "");
  const measure = async () => {
    const { code } = await (await exec(root, NAME, { args: TRUE }, { stdio })).exited;
    if (code !== 0) throw new Error(`the command ended with ${code}`);
  };
  return { name: OURS, measure: () => timed(measure) };
}

async function ociRuntime(
  program: "crun" | "runc",
  directory: string,
  rootfs: string,
  scope: Scope,
): Promise<Contender[]> {
  const path = find(program);
  if (!path) return [];
  const overlay = overlayOn(rootfs, join(directory, `${program}-root`));
  overlay.mount();
  scope.after(async () => overlay.remove());
  const bundle = join(directory, `${program}-bundle`);
  await writeBundle(bundle, await prepare({ name: program, image: IMAGE, args: STAYS }), overlay.root);
  const argv = [path, "--root", join(directory, program), ...CGROUPS[program]];
  await runDetached([...argv, "run", "--detach", "--bundle", bundle, program]);
  scope.after(() => run([...argv, "delete", "--force", program]));
  return [{ name: `${program} exec`, measure: () => timed(() => run([...argv, "exec", program, ...TRUE])) }];
}

async function podman(directory: string, rootfs: string, scope: Scope): Promise<Contender[]> {
  const [path, runtime] = [find("podman"), find("crun")];
  if (!path || !runtime) return [];
  const places = ["root", "runroot", "tmpdir"].flatMap((place) => [`--${place}`, join(directory, `podman-${place}`)]);
  const options = ["--cgroup-manager=cgroupfs", "--runtime", runtime, "--events-backend=none", "--storage-driver=vfs"];
  const argv = [path, ...places, ...options];
  // Its own defaults are above what a machine may allow.
  const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
  await runDetached([
    ...argv,
    "run",
    "--detach",
    "--name",
    NAME,
    "--network",
    "none",
    ...limits,
    "--rootfs",
    rootfs,
    ...STAYS,
  ]);
  scope.after(() => run([...argv, "rm", "--force", "--time", "0", NAME]));
  return [{ name: "podman exec", measure: () => timed(() => run([...argv, "exec", NAME, ...TRUE])) }];
}
