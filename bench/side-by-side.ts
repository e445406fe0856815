import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { prepare } from "../runtime/container/request/prepare.ts";
import { start } from "../runtime/container/start.ts";
import type { ContainerSpec } from "../runtime/spec/spec.ts";
import { writeBundle } from "./bundle.ts";
import { makeImage } from "./image.ts";
import { overlayOn } from "./overlay.ts";
import { inParallel } from "./parallel.ts";
import { find } from "./peers.ts";
import { interleave, timed } from "./rounds.ts";
import { run, runDetached } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { type Scope, workDirectory } from "./scope.ts";

/** As many at a time, of so many. */
const [PARALLEL, CONTAINERS] = [16, 100];
const ROUNDS = 5;
const IMAGE = "bench";
const OURS = "tinydocker, from a running Node.js";
const PEER = "crun create, start and delete";
/** crun would ask systemd for a cgroup. */
const RUNTIMES = { crun: ["--cgroup-manager=cgroupfs"], runc: [] } as const;

/** Containers of /bin/true that are made, run and removed side by side, each on a fresh overlay; none where crun is missing. */
export async function sideBySide(scope: Scope): Promise<Scenario[]> {
  const runtimes = (["crun", "runc"] as const).filter(find);
  if (!runtimes.includes("crun")) return [];
  const directory = await workDirectory(scope);
  process.env["TINYDOCKER_ROOT"] = join(directory, "state");
  process.env["TINYDOCKER_NETWORK"] = "none";
  const rootfs = await makeImage(directory, IMAGE, ["/bin/true"]);
  const names = Array.from({ length: CONTAINERS }, (_, i) => `bench${i}`);
  const specs = await Promise.all(names.map((name) => prepare({ name, image: IMAGE, args: ["/bin/true"] })));
  const nothing = await open("/dev/null", "r+");
  scope.after(() => nothing.close());
  const ours = specs.map((spec) => () => runToEnd(spec, nothing.fd));
  const contenders = [{ name: OURS, measure: () => timed(() => inParallel(ours, PARALLEL)) }];
  for (const program of runtimes) {
    const each = await Promise.all(specs.map((spec) => byRuntime(program, directory, rootfs, spec)));
    contenders.push({
      name: `${program} create, start and delete`,
      measure: () => timed(() => inParallel(each, PARALLEL)),
    });
  }
  return [
    {
      title: `life, ${CONTAINERS} containers, ${PARALLEL} at a time`,
      results: await interleave(contenders, { rounds: ROUNDS }),
      targets: [{ ours: OURS, peer: PEER, unit: "milliseconds", atMost: 0.8 }],
    },
  ];
}

type Work = () => Promise<void>;

async function runToEnd(spec: ContainerSpec, fd: number): Promise<void> {
  const container = await start(spec, { stdio: [fd, fd, fd] });
  const status = await container.exited;
  if (status.code !== 0) throw new Error(`the container ended with ${JSON.stringify(status)}`);
}

async function byRuntime(
  program: keyof typeof RUNTIMES,
  directory: string,
  rootfs: string,
  spec: ContainerSpec,
): Promise<Work> {
  const name = `${spec.name}-${program}`;
  await mkdir(join(directory, "fresh"), { recursive: true });
  const overlay = overlayOn(rootfs, join(directory, "fresh", name));
  const bundle = join(directory, "bundles", name);
  await writeBundle(bundle, spec, overlay.root);
  const path = join(bundle, "config.json");
  const config = JSON.parse(await readFile(path, "utf8"));
  config.linux.cgroupsPath += `-${name}`;
  await writeFile(path, JSON.stringify(config));
  const runtime = [program, "--root", join(directory, "runtimes", program), ...RUNTIMES[program]];
  return async () => {
    overlay.mount();
    await runDetached([...runtime, "create", "--bundle", bundle, name]);
    await run([...runtime, "start", name]);
    await run([...runtime, "delete", "-f", name]);
    overlay.remove();
  };
}
