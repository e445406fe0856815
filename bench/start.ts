import { open } from "node:fs/promises";
import { join } from "node:path";
import { type NamedRequest, prepare } from "../runtime/container/request/prepare.ts";
import { start } from "../runtime/container/start.ts";
import { writeBundle } from "./bundle.ts";
import { makeImage } from "./image.ts";
import { networkByPrograms } from "./network.ts";
import { type Overlay, overlayOn } from "./overlay.ts";
import { inParallel } from "./parallel.ts";
import { find, type Peer } from "./peers.ts";
import { type Contender, interleave, timed } from "./rounds.ts";
import { run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { type Scope, workDirectory } from "./scope.ts";

const OURS = "tinydocker, from a running Node.js";
const ROUNDS = 60;
const PROGRAM = join(import.meta.dirname, "../dist/tinydocker.cjs");
const IMAGE = "bench";
const REQUEST: NamedRequest = { name: "bench", image: IMAGE, args: ["/bin/true"] };
const COMMAND_LINE = "tinydocker run";
const COMMAND_LINE_BEFORE = "tinydocker run, the older build";
const WITH_NETWORK = "tinydocker, with a network and a published port";
const NETWORK = { names: ["bridge"], publish: ["127.0.0.1:18080:80"] };
/** As many at a time, of so many. */
const [PARALLEL, CONTAINERS] = [16, 64];
const PARALLEL_ROUNDS = 5;
const NETWORK_ROUNDS = 30;
/** The program of an older build, to compare with: TINYDOCKER_BENCH_BEFORE=…/dist/tinydocker.cjs */
const BEFORE = process.env["TINYDOCKER_BENCH_BEFORE"];

/** Creates, runs and removes a container of /bin/true, by each contender on the same root file system. */
export async function benchStart(scope: Scope): Promise<Scenario[]> {
  if (process.geteuid?.() !== 0) {
    process.stderr.write("bench: start is left out: it needs root\n");
    return [];
  }
  const directory = await workDirectory(scope);
  // For the runtime here and for the program that is started.
  process.env["TINYDOCKER_ROOT"] = join(directory, "state");
  // As its peers do it, unless a contender says otherwise.
  process.env["TINYDOCKER_NETWORK"] = "none";
  const rootfs = await makeImage(directory, IMAGE, ["/bin/true"]);
  const contenders = [
    await ours(OURS, REQUEST, scope),
    await ours(WITH_NETWORK, { ...REQUEST, network: NETWORK }, scope),
    ...(await peers(directory, rootfs, scope)),
    commandLine(COMMAND_LINE, PROGRAM),
    ...(BEFORE ? [commandLine(COMMAND_LINE_BEFORE, BEFORE)] : []),
  ];
  const results = await interleave(contenders, { rounds: ROUNDS });
  const unit = "milliseconds";
  const targets = [
    { ours: OURS, peer: "crun run", unit, atMost: 0.5 },
    { ours: WITH_NETWORK, peer: "crun run", unit, atMost: 0.9 },
    ...(BEFORE ? [{ ours: COMMAND_LINE, peer: COMMAND_LINE_BEFORE, unit, atMost: 0.75 } as const] : []),
  ] as const;
  return [{ title: "start, a container of /bin/true", results, targets }, ...(await network(scope)), await many(scope)];
}

/** What a start takes longer with a network and a published port than without, and the same by programs. */
async function network(scope: Scope): Promise<Scenario[]> {
  const [ip, nft] = [find("ip"), find("nft")];
  if (!ip || !nft) return [];
  const without = await ours(OURS, REQUEST, scope);
  const withOne = await ours(WITH_NETWORK, { ...REQUEST, network: NETWORK }, scope);
  const [name, peer] = ["tinydocker, with a network minus without", "ip and nft processes"];
  const measure = async () => {
    const both = [await withOne.measure(), await without.measure()].map(({ milliseconds }) => milliseconds);
    return { milliseconds: (both[0] ?? 0) - (both[1] ?? 0) };
  };
  const contenders = [{ name, measure }, await networkByPrograms(peer, scope, ip, nft)];
  const results = await interleave(contenders, { rounds: NETWORK_ROUNDS });
  const target = { ours: name, peer, unit: "milliseconds", atMost: 0.15 } as const;
  return [{ title: "start, a container's network and a published port, made and removed", results, targets: [target] }];
}

/** Containers with a network and limits, side by side and one after another. */
async function many(scope: Scope): Promise<Scenario> {
  const limits = { memory: "64m", cpus: "0.5", pidsLimit: "50" };
  const requests = Array.from({ length: CONTAINERS }, (_, i) => ({
    ...REQUEST,
    name: `bench${i}`,
    network: { names: ["bridge"] },
    limits,
  }));
  const each = await Promise.all(requests.map((request) => ours(request.name, request, scope)));
  const works = each.map(({ measure }) => measure);
  const runAll = (atOnce: number) => () => timed(() => inParallel(works, atOnce));
  const [together, alone] = [`${PARALLEL} at a time`, "one after another"];
  const contenders = [
    { name: together, measure: runAll(PARALLEL) },
    { name: alone, measure: runAll(1) },
  ];
  const results = await interleave(contenders, { rounds: PARALLEL_ROUNDS });
  const target = { ours: together, peer: alone, unit: "milliseconds", atMost: 0.8 } as const;
  return { title: `start, ${CONTAINERS} containers with a network and limits`, results, targets: [target] };
}

async function ours(name: string, request: NamedRequest, scope: Scope): Promise<Contender> {
  const nothing = await open("/dev/null", "r+");
  scope.after(() => nothing.close());
  const { fd } = nothing;
  // The spec corresponds to the config.json of crun and runc, which is also written beforehand.
  const spec = await prepare(request);
  return {
    name,
    measure: () =>
      timed(async () => {
        const container = await start(spec, { stdio: [fd, fd, fd] });
        succeeded(await container.exited);
      }),
  };
}

function succeeded(status: { readonly code: number | null }): void {
  if (status.code !== 0) throw new Error(`the container ended with ${JSON.stringify(status)}`);
}

/** By its first line, as an installed program is started. */
function commandLine(name: string, program: string): Contender {
  return command(name, [program, "run", "--image", IMAGE, "bench", "/bin/true"]);
}

/**
 * crun and runc mount no overlay, which is the task of their caller: here each round mounts and removes a fresh one, as
 * tinydocker does. bwrap and unshare, which set up less of a container, and a second crun use one mounted beforehand.
 */
async function peers(directory: string, rootfs: string, scope: Scope): Promise<Contender[]> {
  const fresh = overlayOn(rootfs, join(directory, "fresh"));
  const ready = overlayOn(rootfs, join(directory, "ready"));
  ready.mount();
  scope.after(async () => ready.remove());
  const spec = await prepare(REQUEST);
  const bundle = async ({ root }: Overlay, name: string) => {
    const path = join(directory, name);
    await writeBundle(path, spec, root);
    return path;
  };
  const state = ["--root", join(directory, "runtimes")];
  const crun = (path: string) => [...state, "--cgroup-manager=cgroupfs", "run", "--bundle", path, "bench"];
  const isolated = ["--unshare-uts", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-cgroup"];
  const mounts = [
    ["--bind", ready.root, "/"],
    ["--proc", "/proc"],
    ["--dev", "/dev"],
    ["--mqueue", "/dev/mqueue"],
    ["--ro-bind", "/sys", "/sys"],
  ].flat();
  const onFresh = await bundle(fresh, "bundle-fresh");
  const onReady = await bundle(ready, "bundle-ready");
  const unshared = ["-m", "-u", "-i", "-n", "-C", "-p", "--fork", "--mount-proc", `--root=${ready.root}`];
  return [
    ...peer("crun run", "crun", crun(onFresh), fresh),
    ...peer("runc run", "runc", [...state, "run", "--bundle", onFresh, "bench"], fresh),
    ...peer("crun run, overlay mounted before", "crun", crun(onReady)),
    ...peer("bwrap", "bwrap", [...isolated, "--hostname", "bench", ...mounts, "--cap-drop", "ALL", "/bin/true"]),
    ...peer("unshare", "unshare", [...unshared, "/bin/true"]),
  ];
}

function peer(name: string, program: Peer, args: readonly string[], overlay?: Overlay): Contender[] {
  const path = find(program);
  if (!path) return [];
  const work = async () => {
    overlay?.mount();
    await run([path, ...args]);
    overlay?.remove();
  };
  return [{ name, measure: () => timed(work) }];
}

function command(name: string, argv: readonly string[]): Contender {
  return { name, measure: () => timed(() => run(argv)) };
}
