import { copyFile, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { start } from "../runtime/container.ts";
import { importImage } from "../runtime/image/import.ts";
import { rootfsOf } from "../runtime/image/store.ts";
import { type NamedRequest, prepare } from "../runtime/prepare.ts";
import { writeBundle } from "./bundle.ts";
import { find, type Peer } from "./peers.ts";
import { type Contender, interleave, timed } from "./rounds.ts";
import { run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { type Scope, workDirectory } from "./scope.ts";

const OURS = "tinydocker, from a running Node.js";
const ROUNDS = 60;
const PROGRAM = join(import.meta.dirname, "../dist/tinydocker.js");
const IMAGE = "bench";
const REQUEST: NamedRequest = { name: "bench", image: IMAGE, args: ["/bin/true"] };

/** A container of /bin/true from nothing to its end and removal, by each on the same root file system. */
export async function benchStart(scope: Scope): Promise<Scenario[]> {
  if (process.geteuid?.() !== 0) {
    process.stderr.write("bench: start is left out: it needs root\n");
    return [];
  }
  const directory = await workDirectory(scope);
  // For the runtime here and for the program that is started.
  process.env["TINYDOCKER_ROOT"] = join(directory, "state");
  const root = await makeImage(directory, scope);
  const contenders = [await ours(scope), ...(await peers(directory, root)), commandLine()];
  const results = await interleave(contenders, { rounds: ROUNDS });
  const target = { ours: OURS, peer: "crun run", unit: "milliseconds", atMost: 0.5 } as const;
  return [{ title: "start, a container of /bin/true", results, targets: [target] }];
}

/** An image of one program and its libraries; and for the peers, who mount no overlay of their own, one on top of it. */
async function makeImage(directory: string, scope: Scope): Promise<string> {
  const tree = join(directory, "tree");
  // As every root file system has them; the peers' would stay after their first round.
  for (const name of ["proc", "sys", "dev", "etc", "tmp"]) await mkdir(join(tree, name), { recursive: true });
  const libraries = (await run(["ldd", "/bin/true"])).match(/\/\S+/g) ?? [];
  for (const file of ["/bin/true", ...libraries]) {
    await mkdir(join(tree, dirname(file)), { recursive: true });
    await copyFile(file, join(tree, file));
  }
  const root = process.env["TINYDOCKER_ROOT"] ?? "";
  const { signal } = new AbortController();
  await importImage({ root, name: IMAGE, source: tree, stdin: Readable.from([]), signal, progress: () => {} });
  const [upper, work, merged] = ["upper", "work", "merged"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [upper, work, merged]) await mkdir(path);
  const options = `lowerdir=${rootfsOf(root, IMAGE)},upperdir=${upper},workdir=${work}`;
  await run(["mount", "-t", "overlay", "-o", options, "overlay", merged]);
  scope.after(() => run(["umount", merged]));
  return merged;
}

async function ours(scope: Scope): Promise<Contender> {
  const nothing = await open("/dev/null", "r+");
  scope.after(() => nothing.close());
  const { fd } = nothing;
  // The spec is to us what config.json is to crun and runc, which is written beforehand too.
  const spec = await prepare(REQUEST);
  return {
    name: OURS,
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

function commandLine(): Contender {
  const argv = [process.execPath, PROGRAM, "run", "--image", IMAGE, "bench", "/bin/true"];
  return command("tinydocker run", argv);
}

/** What sets up as much as each can; bwrap and unshare know less of a container than the others. */
async function peers(directory: string, root: string): Promise<Contender[]> {
  const bundle = join(directory, "bundle");
  await writeBundle(bundle, await prepare(REQUEST), root);
  const runtimes = join(directory, "runtimes");
  const isolated = ["--unshare-uts", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-cgroup"];
  const mounts = [
    "--bind",
    root,
    "/",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
    "--mqueue",
    "/dev/mqueue",
    "--ro-bind",
    "/sys",
    "/sys",
  ];
  const argvs: Readonly<Partial<Record<Peer, readonly string[]>>> = {
    crun: ["--root", runtimes, "--cgroup-manager=disabled", "run", "--bundle", bundle, "bench"],
    runc: ["--root", runtimes, "run", "--bundle", bundle, "bench"],
    bwrap: [...isolated, "--hostname", "bench", ...mounts, "--cap-drop", "ALL", "/bin/true"],
    unshare: ["-m", "-u", "-i", "-n", "-C", "-p", "--fork", "--mount-proc", `--root=${root}`, "/bin/true"],
  };
  return Object.entries(argvs).flatMap(([peer, args]) => {
    const path = find(peer as Peer);
    return path ? [command(args.includes("run") ? `${peer} run` : peer, [path, ...args])] : [];
  });
}

function command(name: string, argv: readonly string[]): Contender {
  return { name, measure: () => timed(() => run(argv)) };
}
