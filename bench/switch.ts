import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { differing } from "./differing.ts";
import { find } from "./peers.ts";
import type { Remote } from "./remote.ts";
import { type Contender, interleave, type Sample } from "./rounds.ts";
import { run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { type Scope, workDirectory } from "./scope.ts";
import { partsOf, startWatch } from "./watching.ts";

const OURS = "devtool watch";
const RSYNC = "rsync, after the switch";
const UNISON = "unison, after the switch";
const LSYNCD = "lsyncd, a delay of 1 s";
const ROUNDS = 5;
/** Of the 3,000 that the branches do not share. */
const [CHANGED, OWN] = [2_400, 300];
const RETRY_MS = 20;

/** From the start of `git switch` until the mirror is as the branch. */
export async function branchSwitch(remote: Remote, scope: Scope): Promise<Scenario[]> {
  if (!find("git")) return [];
  const contenders = [await ours(remote, scope), await rsync(remote, scope)];
  if (find("unison")) contenders.push(await unison(remote, scope));
  if (find("lsyncd")) contenders.push(await lsyncd(remote, scope));
  return [
    {
      title: "loop, branch switch of 3,000 files → all there",
      results: await interleave(contenders, { rounds: ROUNDS }),
      targets: [],
      limits: [
        { ours: OURS, part: "rounds", atMost: 1 },
        { ours: OURS, part: "wrong files", atMost: 0 },
      ],
    },
  ];
}

async function ours({ sshd, host }: Remote, scope: Scope): Promise<Contender> {
  const root = await repository(scope);
  const { until } = startWatch(["--target", host, "--ssh-config", sshd.configFile, "true"], root, scope);
  const first = await until("exited");
  const mirror = first.find(({ event }) => event === "synced")?.mirror ?? "";
  const measure = switching(root, async (milliseconds): Promise<Sample> => {
    const lines = await until("synced");
    const took = milliseconds();
    await until("exited");
    const wrong = differingIn(root, mirror).length;
    let rounds = lines.filter(({ event }) => event === "changed").length;
    for (; differingIn(root, mirror).length > 0; rounds += 1) await until("exited");
    const parts = { ...partsOf(lines, took), rounds, "wrong files": wrong };
    return { milliseconds: wrong === 0 ? took : milliseconds(), parts };
  });
  return { name: OURS, measure };
}

async function rsync({ sshd, host, multiplexed }: Remote, scope: Scope): Promise<Contender> {
  const [root, mirror] = [await repository(scope), join(sshd.home, "switch-rsync")];
  const argv = ["rsync", "-a", "--delete", "--exclude=/.git"];
  return synced(RSYNC, root, mirror, [...argv, "-e", multiplexed.join(" "), `${root}/`, `${host}:${mirror}/`]);
}

async function unison({ sshd, host, multiplexed }: Remote, scope: Scope): Promise<Contender> {
  const [root, mirror] = [await repository(scope), join(sshd.home, "switch-unison")];
  const [ssh = "", ...args] = multiplexed;
  const options = ["-batch", "-auto", "-silent", "-confirmbigdel=false", "-ignore", "Path .git", "-force", root];
  const way = ["-sshcmd", ssh, "-sshargs", args.join(" "), "-servercmd", find("unison") ?? "unison"];
  const argv = ["env", `UNISON=${await workDirectory(scope)}`, "unison", ...options, ...way];
  return synced(UNISON, root, mirror, [...argv, root, `ssh://${host}/${mirror}`]);
}

/** By a program that is started once git has ended. */
function synced(name: string, root: string, mirror: string, argv: readonly string[]): Contender {
  const measure = switching(root, async (milliseconds) => {
    await run(argv);
    return { milliseconds: milliseconds(), parts: { "wrong files": differingIn(root, mirror).length } };
  });
  return { name, measure };
}

async function lsyncd({ sshd, host, multiplexed }: Remote, scope: Scope): Promise<Contender> {
  const [root, mirror] = [await repository(scope), join(sshd.home, "switch-lsyncd")];
  const folder = await workDirectory(scope);
  const config = `sync {
  default.rsync,
  source = "${root}",
  target = "${host}:${mirror}",
  delay = 1,
  exclude = { "/.git" },
  rsync = { archive = true, rsh = "${multiplexed.join(" ")}" },
}
`;
  await writeFile(join(folder, "config.lua"), config);
  const child = spawn("lsyncd", ["-nodaemon", join(folder, "config.lua")], { stdio: "ignore" });
  scope.after(async () => {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  });
  const same = async () => {
    while (differingIn(root, mirror).length > 0) await pause(RETRY_MS);
  };
  await same();
  return {
    name: LSYNCD,
    measure: switching(root, async (milliseconds) => {
      await same();
      return { milliseconds: milliseconds() };
    }),
  };
}

/** `done` gets what tells the time since the switch began. */
function switching(root: string, done: (milliseconds: () => number) => Promise<Sample>): Contender["measure"] {
  let to = "a";
  return async () => {
    to = to === "a" ? "b" : "a";
    const started = performance.now();
    await run(["git", "switch", "--quiet", to], { cwd: root });
    return await done(() => performance.now() - started);
  };
}

/** With two branches, of which `a` is checked out. */
async function repository(scope: Scope): Promise<string> {
  const root = join(await workDirectory(scope), "project");
  await mkdir(root);
  const git = (...args: string[]) =>
    run(["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost", ...args], { cwd: root });
  await git("init", "--quiet", "--initial-branch", "a");
  await writeFile(join(root, "devtool.config.json"), JSON.stringify({ sync: { include: ["src/"] } }));
  await writeFiles(root, "a");
  await git("add", ".");
  await git("commit", "--quiet", "-m", "a");
  await git("switch", "--quiet", "-c", "b");
  await git("rm", "--quiet", "-r", "src");
  await writeFiles(root, "b");
  await git("add", ".");
  await git("commit", "--quiet", "-m", "b");
  await git("switch", "--quiet", "a");
  return root;
}

async function writeFiles(root: string, branch: string): Promise<void> {
  for (let file = 0; file < CHANGED + OWN; file += 1) {
    const folder = join(root, "src", `folder${file % 60}`);
    if (file < 60) await mkdir(folder, { recursive: true });
    const name = file < CHANGED ? `file${file}.ts` : `${branch}${file}.ts`;
    await writeFile(join(folder, name), `export const value = ${JSON.stringify(`${branch} ${file}`)};\n`);
  }
}

/** The paths below src/ that are not the same in both. */
function differingIn(root: string, mirror: string): string[] {
  return differing(join(root, "src"), join(mirror, "src"));
}
