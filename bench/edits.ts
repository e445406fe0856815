import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { devtoolArgv } from "../test/rig/project.ts";
import { type Sshd, startSshd } from "../test/rig/sshd.ts";
import { differing } from "./differing.ts";
import type { Scenario } from "./scenario.ts";
import { type Scope, workDirectory } from "./scope.ts";

/** How many edits, and how many cut connections between them. */
const [EDITS = 10_000, CUTS = 30] = process.env["TINYDOCKER_BENCH_EDITS"]?.split(",").map(Number) ?? [];
const FILES = 400;
const BYTES_MAX = 20_000;
/** Edits come in bursts, as of an editor and of git. */
const [BURST, BURST_EVERY_MS] = [20, 60];
const LOOK_EVERY_MS = 500;
const SETTLE_MS = 120_000;

interface Line {
  readonly event: string;
  readonly target: string | null;
  readonly mirror?: string;
}

/** Random edits, renames and deletes during a watch with two lanes, whose connections are cut. Throws for a mirror that is not as the project in the end. */
export async function benchEdits(scope: Scope): Promise<Scenario[]> {
  const sshds = [await startSshd(scope), await startSshd(scope)];
  const root = await project(sshds, scope);
  const watching = watch(root, scope);
  await until(() => watching.mirrors.size === sshds.length, "both lanes have synced");
  const began = performance.now();
  const edit = editor(root);
  for (let edits = 0; edits < EDITS; edits += 1) {
    edit();
    if (edits % Math.ceil(EDITS / CUTS) === 0) await cutOne(sshds, edits);
    if (edits % BURST === 0) await pause(BURST_EVERY_MS);
  }
  const differences = () => [...watching.mirrors.values()].flatMap((mirror) => differing(root, mirror));
  await until(
    () => differences().length === 0,
    "both mirrors are as the project",
    () => differences().slice(0, 20),
  );
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stdout.write(`edits: ${EDITS} with ${CUTS} cut connections, two lanes: ${seconds} s, no difference\n`);
  return [];
}

async function project(sshds: readonly Sshd[], scope: Scope): Promise<string> {
  const root = join(await workDirectory(scope), "project");
  await mkdir(root);
  const targets = sshds.map(({ host, configFile }, at) => [`t${at}`, { kind: "ssh", host, configFile }] as const);
  const config = { run: ["true"], targets: Object.fromEntries(targets), target: targets.map(([name]) => name) };
  await writeFile(join(root, "devtool.config.json"), JSON.stringify(config));
  return root;
}

/** The mirrors, by the names of their targets. */
function watch(root: string, scope: Scope): { readonly mirrors: ReadonlyMap<string, string> } {
  const [node = "", ...args] = devtoolArgv(["watch", "--json"]);
  const child = spawn(node, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  scope.after(() => interrupted(child));
  const mirrors = new Map<string, string>();
  createInterface({ input: child.stdout }).on("line", (text) => {
    const { event, target, mirror }: Line = JSON.parse(text);
    if (event === "synced" && target !== null && mirror !== undefined) mirrors.set(target, mirror);
  });
  return { mirrors };
}

async function interrupted(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGINT");
  await ended;
}

/** A lane may be without a connection from the cut before. */
async function cutOne(sshds: readonly Sshd[], edits: number): Promise<void> {
  const sshd = sshds[Math.floor((edits * CUTS) / EDITS) % sshds.length];
  await until(async () => ((await sshd?.connections()) ?? []).length > 0, "the lane has a connection");
  await sshd?.cut();
}

/** One edit a call: most write a file, the others rename or delete one, or a folder, or change a permission. */
function editor(root: string): () => void {
  const random = (below: number) => Math.floor(Math.random() * below);
  const path = () => join(root, `d${random(8)}`, `e${random(5)}`, `f${random(FILES / 40)}`);
  const write = (file: string) => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${random(1e9)}`.repeat(random(BYTES_MAX / 9)));
  };
  const edits = [
    ...Array.from({ length: 6 }, () => write),
    (file: string) => renameSync(file, path()),
    (file: string) => rmSync(file),
    (file: string) => chmodSync(file, random(2) === 0 ? 0o644 : 0o755),
    (file: string) => renameSync(dirname(file), join(root, `d${random(8)}`, `e${random(5)}`)),
    (file: string) => random(10) === 0 && rmSync(dirname(file), { recursive: true }),
  ];
  return () => {
    const file = path();
    try {
      edits[random(edits.length)]?.(file);
    } catch {
      // No such file, or no folder to put it in.
      write(file);
    }
  };
}

async function until(
  isSo: () => boolean | Promise<boolean>,
  what: string,
  about: () => readonly string[] = () => [],
): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`${SETTLE_MS} ms passed before ${what}: ${about().join(", ")}`);
    await pause(LOOK_EVERY_MS);
  }
}
