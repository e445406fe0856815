import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createFilter } from "../devtool/ignore/filter.ts";
import type { SyncRequest } from "../devtool/sync/request.ts";
import { sync } from "../devtool/sync/sync.ts";
import { resolveTarget } from "../devtool/targets/resolve.ts";
import type { Connection } from "../devtool/targets/target.ts";
import { find } from "./peers.ts";
import { openRemote, type Remote } from "./remote.ts";
import { type Contender, interleave, type Sample, timed } from "./rounds.ts";
import { run } from "./run.ts";
import type { Scenario, Target } from "./scenario.ts";
import { type Scope, workDirectory } from "./scope.ts";

const OURS = "devtool";
const WATCH_ROUND = "devtool, watch round";
const PEER = "rsync";

interface Project {
  readonly files: number;
  readonly rounds: number;
  readonly root: string;
  /** One for each contender, so that none does the work of another. */
  readonly mirrors: Readonly<Record<string, string>>;
}

interface Rig {
  readonly connection: Connection;
  readonly remote: Remote;
  readonly project: Project;
}

/** devtool's sync over an open connection against rsync over a multiplexed one, to the same sshd. */
export async function benchSync(scope: Scope): Promise<Scenario[]> {
  if (!find("rsync") || !find("ssh") || !find("sshd")) return [];
  const remote = await openRemote(scope);
  const connection = await connect(remote, scope);
  const scenarios: Scenario[] = [];
  for (const [files, rounds] of [
    [30, 25],
    [10_000, 11],
  ] as const) {
    const project = await makeProject(await workDirectory(scope), files, rounds);
    const rig = { connection, remote, project };
    scenarios.push(await first(rig), await nothing(rig), await oneLine(rig));
  }
  return scenarios;
}

async function connect({ sshd, host }: Remote, scope: Scope): Promise<Connection> {
  const target = resolveTarget(host, {}, { projectRoot: sshd.directory, sshConfigFile: sshd.configFile });
  const connection = await target.connect(new AbortController().signal);
  scope.after(() => connection.close());
  return connection;
}

const FILES_A_DIRECTORY = 100;
const BIG_FILE = "source.ts";
const BIG_FILE_LINES = 4_000;

async function makeProject(directory: string, files: number, rounds: number): Promise<Project> {
  const root = join(directory, "project");
  for (let file = 1; file < files; file += 1) {
    const folder = join(root, `folder${Math.floor(file / FILES_A_DIRECTORY)}`);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `file${file}.ts`), `export const value${file} = "${"text ".repeat(file % 200)}";\n`);
  }
  await writeFile(join(root, BIG_FILE), bigFile());
  const mirrors = Object.fromEntries(
    [OURS, WATCH_ROUND, PEER].map((name, index) => [name, join(directory, `mirror${index}`)]),
  );
  return { files, rounds, root, mirrors };
}

/** 200 kB of lines that differ. */
function bigFile(): string {
  const lines = Array.from(
    { length: BIG_FILE_LINES },
    (_, line) => `const line${line} = ${(line * 2_654_435_761) % 4_294_967_296};`,
  );
  return `${lines.map((line) => line.padEnd(49)).join("\n")}\n`;
}

function titled(what: string, { files }: Project): string {
  return `sync, ${what}, ${files.toLocaleString("en")} files`;
}

/** Each round has a mirror that never was: ext4 looks for an inode longer where many files have just been deleted. */
async function first(rig: Rig): Promise<Scenario> {
  let made = 0;
  const anew = (contender: (rig: Rig) => Contender): Contender => ({
    name: contender(rig).name,
    measure: () => {
      made += 1;
      const mirrors = Object.entries(rig.project.mirrors).map(([name, mirror]) => [name, `${mirror}.${made}`]);
      return contender({ ...rig, project: { ...rig.project, mirrors: Object.fromEntries(mirrors) } }).measure();
    },
  });
  const contenders = [(fresh: Rig) => ours(fresh, true), peer].map(anew);
  const target: Target = { ours: OURS, peer: PEER, unit: "milliseconds", atMost: 0.95 };
  return scenario("first", rig, contenders, rig.project.files === 10_000 ? [target] : []);
}

async function nothing(rig: Rig): Promise<Scenario> {
  const target: Target = { ours: OURS, peer: PEER, unit: "milliseconds", atMost: 1 };
  return scenario("nothing to do", rig, [ours(rig), peer(rig)], rig.project.files === 10_000 ? [target] : []);
}

async function oneLine(rig: Rig): Promise<Scenario> {
  const target: Target = { ours: OURS, peer: PEER, unit: "bytes", atMost: 1.1 };
  const path = join(rig.project.root, BIG_FILE);
  let edits = 0;
  const edit = async () => {
    const lines = (await readFile(path, "utf8")).split("\n");
    edits += 1;
    lines[(edits * 997) % BIG_FILE_LINES] = `const edited = ${edits};`.padEnd(49 + (edits % 7));
    await writeFile(path, lines.join("\n"));
  };
  const contenders = [ours(rig), watchRound(rig), peer(rig)];
  await contenders[1]?.measure();
  return scenario("one line changed in a 200 kB file", rig, contenders, [target], edit);
}

async function scenario(
  what: string,
  { project }: Rig,
  contenders: readonly Contender[],
  targets: readonly Target[],
  before?: () => Promise<void>,
): Promise<Scenario> {
  const results = await interleave(contenders, { rounds: project.rounds, ...(before && { before }) });
  return { title: titled(what, project), results, targets };
}

function ours({ connection, project }: Rig, mayBeNew = false): Contender {
  return { name: OURS, measure: () => ourSync(connection, project, OURS, { mayBeNew }) };
}

/** What devtool does at a save: it knows what changed, and compares nothing else. */
function watchRound({ connection, project }: Rig): Contender {
  return { name: WATCH_ROUND, measure: () => ourSync(connection, project, WATCH_ROUND, { changed: [BIG_FILE] }) };
}

async function ourSync(
  connection: Connection,
  project: Project,
  name: string,
  what: Pick<SyncRequest, "changed" | "mayBeNew">,
): Promise<Sample> {
  const request = { root: project.root, mirror: project.mirrors[name] ?? "", filter: createFilter({}), ...what };
  let bytes = 0;
  const { milliseconds } = await timed(async () => {
    bytes = (await sync(connection, request, new AbortController().signal)).bytesSent;
  });
  return { milliseconds, bytes };
}

function peer({ remote, project }: Rig): Contender {
  const mirror = `${remote.host}:${project.mirrors[PEER]}/`;
  const argv = ["rsync", "-a", "--delete", "--stats", "-e", remote.multiplexed.join(" "), `${project.root}/`, mirror];
  return {
    name: PEER,
    measure: async () => {
      let stats = "";
      const { milliseconds } = await timed(async () => {
        stats = await run(argv);
      });
      return { milliseconds, bytes: Number(/^Total bytes sent: ([\d,]+)/m.exec(stats)?.[1]?.replaceAll(",", "")) };
    },
  };
}
