import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { type Registry, startRegistry } from "../test/rig/registry.ts";
import { archive } from "../test/runtime/image/archive/archive.ts";
import { ociLayout, written } from "../test/runtime/image/layers/saved.ts";
import { EMPTY_NODE } from "./empty-node.ts";
import { find } from "./peers.ts";
import { type Contender, interleave, type Result, timed } from "./rounds.ts";
import { run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import type { Scope } from "./scope.ts";

const OURS = "tinydocker pull";
const COPY = "skopeo copy, umoci unpack";
const PODMAN = "podman pull";
const MEMORY = "its memory";
const MEMORY_MAX = "150 MB";
const FETCHED = "bytes fetched";
const SIZE = "image";

/** Megabytes of files in each layer. */
const IMAGES = { three: [67, 40, 18], forty: Array.from({ length: 40 }, () => 3) } as const;
const ROUNDS = 3;
const KILLS = 10;

interface Rig {
  readonly directory: string;
  readonly registry: Registry;
}

/** An image from a registry on the loopback, fetched and unpacked, in memory: disks slow down those that come later. */
export async function benchPull(scope: Scope): Promise<Scenario[]> {
  if ((["docker-registry", "skopeo", "umoci", "podman"] as const).some((program) => !find(program))) return [];
  const directory = await mkdtemp("/dev/shm/tinydocker-bench.");
  scope.after(() => rm(directory, { recursive: true, force: true }));
  process.env["TMPDIR"] = directory;
  const registry = await startRegistry({ after: (cleanup) => scope.after(cleanup) });
  const rig = { directory, registry };
  for (const [name, layers] of Object.entries(IMAGES)) await pushImage(rig, name, layers);
  return [
    await fetching(rig, "three", "3 layers, 125 MB"),
    await fetching(rig, "forty", "40 layers, 120 MB"),
    await present(rig),
    await memory(rig),
    await resumed(rig),
  ];
}

async function pushImage({ directory, registry }: Rig, name: string, megabytes: readonly number[]): Promise<void> {
  const layers = megabytes.map((size, i) => archive(...files(`${name}${i}`, size)));
  const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";
  written(ociLayout({ layers, compress: (layer) => gzipSync(layer), layerType }), join(directory, name));
  await registry.push(join(directory, name), `${name}:1`);
}

/** Of 4 to 60 kB, of words, which gzip makes a third as long. */
function files(seed: string, megabytes: number): { name: string; content: Buffer }[] {
  const words = Array.from({ length: 4_096 }, (_, i) =>
    createHash("md5")
      .update(`${i}`)
      .digest("base64")
      .slice(0, 2 + (i % 9)),
  );
  const made: { name: string; content: Buffer }[] = [];
  for (let bytes = 0, i = 0; bytes < megabytes * 1_000_000; i += 1) {
    const random = createHash("sha512").update(`${seed}${i}`).digest();
    const stream = Buffer.concat(
      Array.from({ length: 16 + (random[0] ?? 0) }, (_, j) =>
        createHash("sha512").update(random).update(`${j}`).digest(),
      ),
    );
    const text = Array.from(
      { length: stream.length / 2 },
      (_, j) => words[stream.readUInt16LE(2 * j) % words.length],
    ).join(" ");
    made.push({ name: `${seed}/${i % 50}/${i}`, content: Buffer.from(text) });
    bytes += text.length;
  }
  return made;
}

const program = resolve("dist/tinydocker.cjs");

function ours({ directory, registry }: Rig) {
  const root = join(directory, "ours");
  const env = { ...process.env, ...registry.env, TINYDOCKER_ROOT: root };
  return {
    root,
    env,
    argv: (image: string) => ["node", "--", program, "pull", "-q", `${registry.host}/${image}:1`],
  };
}

function podman({ directory }: Rig, ...args: string[]): string[] {
  const places = ["--root", join(directory, "podman"), "--runroot", join(directory, "podman-run")];
  return ["podman", ...places, "--storage-driver", "overlay", ...args];
}

async function fetching(rig: Rig, image: string, title: string): Promise<Scenario> {
  const { directory, registry } = rig;
  const name = `${registry.host}/${image}:1`;
  const own = ours(rig);
  const contenders: Contender[] = [
    {
      name: OURS,
      measure: async () => {
        await rm(own.root, { recursive: true, force: true });
        return timed(() => run(own.argv(image), { env: own.env }));
      },
    },
    {
      name: COPY,
      measure: async () => {
        const [layout, bundle] = [join(directory, "layout"), join(directory, "bundle")];
        for (const path of [layout, bundle]) await rm(path, { recursive: true, force: true });
        const copy = ["skopeo", "copy", "-q", "--insecure-policy", "--src-tls-verify=false"];
        return timed(async () => {
          await run([...copy, `docker://${name}`, `oci:${layout}:1`]);
          await run(["umoci", "unpack", "--image", `${layout}:1`, bundle]);
        });
      },
    },
    {
      name: PODMAN,
      measure: async () => {
        await run(podman(rig, "rmi", "-a", "-f"));
        return timed(() => run(podman(rig, "pull", "-q", "--tls-verify=false", name)));
      },
    },
  ];
  return {
    title: `an image of ${title}, pulled and unpacked`,
    results: await interleave(contenders, { rounds: ROUNDS }),
    targets: [
      { ours: OURS, peer: COPY, unit: "milliseconds", atMost: 0.35 },
      { ours: OURS, peer: PODMAN, unit: "milliseconds", atMost: 0.5 },
    ],
  };
}

async function present(rig: Rig): Promise<Scenario> {
  const own = ours(rig);
  const theirs = podman(rig, "pull", "-q", "--tls-verify=false", `${rig.registry.host}/forty:1`);
  const contenders = [
    { name: OURS, measure: () => timed(() => run(own.argv("forty"), { env: own.env })) },
    { name: PODMAN, measure: () => timed(() => run(theirs)) },
    EMPTY_NODE,
  ];
  return {
    title: "the image of 40 layers, which is there, pulled again",
    results: await interleave(contenders, { rounds: 3 * ROUNDS }),
    targets: [{ ours: OURS, peer: PODMAN, unit: "milliseconds", atMost: 0.3 }],
  };
}

/** The most that the process had in memory at a time. */
async function memory(rig: Rig): Promise<Scenario> {
  const own = ours(rig);
  await rm(own.root, { recursive: true, force: true });
  const [command = "", ...args] = own.argv("three");
  const child = spawn(command, args, { env: own.env, stdio: "ignore" });
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, residentPeak(child.pid ?? 0));
  }, 5);
  const begin = performance.now();
  await once(child, "close");
  clearInterval(timer);
  const milliseconds = performance.now() - begin;
  return {
    title: "the memory of a pull",
    results: [resultOf(MEMORY, milliseconds, peak), resultOf(MEMORY_MAX, milliseconds, 150_000_000)],
    targets: [{ ours: MEMORY, peer: MEMORY_MAX, unit: "bytes", atMost: 1 }],
  };
}

function resultOf(name: string, milliseconds: number, bytes: number): Result {
  return { name, milliseconds, bytes, samples: [] };
}

function residentPeak(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1_024;
  } catch {
    return 0; // it has ended
  }
}

/** A network of 20 MB in a second, and a pull that is killed ten times on its way. */
async function resumed(rig: Rig): Promise<Scenario> {
  const own = ours(rig);
  await rm(own.root, { recursive: true, force: true });
  const relay = await slowRelay(Number(rig.registry.host.split(":")[1]), 20_000_000);
  const config = join(rig.directory, "slow");
  await mkdir(join(config, "tinydocker"), { recursive: true });
  await writeFile(join(config, "tinydocker/registries.json"), JSON.stringify({ "insecure-registries": [relay.host] }));
  const argv = ["node", "--", program, "pull", "-q", `${relay.host}/three:1`];
  const env = { ...own.env, XDG_CONFIG_HOME: config };
  const size = await storedSize(rig);
  for (let kills = 0; kills < KILLS; kills += 1) {
    const [command = "", ...args] = argv;
    const child = spawn(command, args, { env, stdio: "ignore" });
    const closed = once(child, "close");
    await relay.reached(relay.bytes() + Math.random() * (size / KILLS) * 1.8);
    child.kill("SIGKILL");
    await closed;
  }
  const { milliseconds } = await timed(() => run(argv, { env }));
  relay.close();
  return {
    title: `a pull that was killed at ${KILLS} moments and went on`,
    results: [resultOf(FETCHED, milliseconds, relay.bytes()), resultOf(SIZE, milliseconds, size)],
    targets: [{ ours: FETCHED, peer: SIZE, unit: "bytes", atMost: 1.2 }],
  };
}

async function storedSize({ directory }: Rig): Promise<number> {
  return Number((await run(["du", "-sb", join(directory, "three/blobs")])).split("\t")[0]);
}

async function slowRelay(port: number, bytesPerSecond: number) {
  const state = { bytes: 0, wanted: Number.POSITIVE_INFINITY, wake: () => {} };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const to = connect(port, "127.0.0.1");
    sockets.add(socket).add(to);
    socket
      .on("error", () => to.destroy())
      .on("close", () => to.destroy())
      .pipe(to.on("error", () => socket.destroy()));
    to.on("data", (piece) => {
      to.pause();
      state.bytes += piece.length;
      if (state.bytes >= state.wanted) state.wake();
      socket.write(piece, () => setTimeout(() => to.resume(), (piece.length / bytesPerSecond) * 1_000));
    });
    to.on("end", () => socket.end());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: () => state.bytes,
    reached: (wanted: number) =>
      new Promise<void>((resolved) => {
        Object.assign(state, { wanted, wake: resolved });
      }),
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
