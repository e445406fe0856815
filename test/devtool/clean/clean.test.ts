import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { before, type TestContext, test } from "node:test";
import { listOnTarget } from "../../../devtool/clean/list.ts";
import { removeOnTarget } from "../../../devtool/clean/on-target.ts";
import type { EventLine } from "../../../devtool/report/events.ts";
import { agentFile } from "../../../devtool/targets/agent-client/agent-file.ts";
import type { TargetFacts } from "../../../devtool/targets/target.ts";
import { buildAgent } from "../../rig/agent.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";
import { type Sshd, startSshd } from "../../rig/sshd.ts";
import { DEVTOOL, lacks, makeProject, type Project, startDevtool } from "../rig.ts";
import { localConnection } from "../sync/rig.ts";
import { ALLOWED, FORBIDDEN, missing, startSshdForUser } from "../targets/user-sshd.ts";

before(buildAgent);

const PLAIN = { "devtool.config.ts": "export default {};\n" };

/** Runs devtool to its end; returns its exit code and its events. */
async function devtool(t: TestContext, project: Project, sshd: Sshd, ...args: string[]) {
  const flags = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host];
  const [name = "", ...rest] = args;
  const started = startDevtool(t, project, [name, ...flags, ...rest]);
  const { code } = await started.ended;
  return { code, events: started.lines.map((line) => JSON.parse(line) as EventLine) };
}

type Events = Awaited<ReturnType<typeof devtool>>["events"];

const mirrorIn = (events: Events) =>
  events.find((event) => event.event === "synced")?.mirror ?? assert.fail(JSON.stringify(events));
const removals = (events: Events) => events.flatMap((event) => (event.event === "removal" ? [event] : []));
const failureIn = (events: Events) => events.find((event) => event.event === "failed");

test("clean removes the mirror with what root and read-only folders hold, agents and cached packages, and nothing else", async (t) => {
  if (!needs(t, missing())) return;
  const sshd = await startSshdForUser(t, ALLOWED);
  const project = await makeProject(t, PLAIN);
  const mirror = mirrorIn((await devtool(t, project, sshd, "sync")).events);
  const cache = dirname(dirname(mirror));
  const outside = join(dirname(project.root), "outside");
  await mkdir(join(mirror, "by-root/deep"), { recursive: true });
  await writeFile(join(mirror, "by-root/deep/file"), "");
  await writeFile(outside, "");
  await symlink(dirname(project.root), join(mirror, "link"));
  await chmod(join(mirror, "native"), 0o555);
  const [agent, neighbour, linked] = [
    "agent-0123456789abcdef.mjs",
    "mirrors/notes-12345678",
    "agent-fedcba9876543210.mjs",
  ];
  await writeFile(join(cache, agent), "old");
  await symlink(outside, join(cache, linked));
  await mkdir(join(cache, neighbour));
  const addons = join(project.home, "cache/devtool/addons");
  await mkdir(join(addons, "left-pad"), { recursive: true });

  const { name } = await agentFile();

  const asked = await devtool(t, project, sshd, "clean", "--caches", "--old");
  assert.deepEqual([asked.code, failureIn(asked.events)?.code], [2, "usage"]);
  assert.deepEqual(
    removals(asked.events).map(({ kind, path }) => [kind, path]),
    [
      ["mirror", mirror],
      ["agent", join(cache, agent)],
      ["agent", join(cache, name)],
      ["PATH", join(cache, "path")],
      ["add-ons", addons],
    ],
  );
  assert.ok(existsSync(mirror) && existsSync(join(cache, agent)) && existsSync(addons));

  const { code, events } = await devtool(t, project, sshd, "clean", "--caches", "--old", "--yes");
  assert.equal(code, 0, JSON.stringify(events));
  for (const path of [mirror, join(cache, agent), addons]) assert.ok(!existsSync(path), path);
  assert.ok(existsSync(outside) && existsSync(project.root));
  assert.deepEqual((await readdir(cache)).sort(), [linked, "mirrors"]);
  assert.ok(existsSync(join(cache, neighbour)), "what was used lately stays");
  assert.deepEqual(await readdir(join(project.home, "cache/devtool/sent")), []);
});

test("clean leaves nothing on the target, and --dry-run all of it; an agent that another devtool uses stays, and is named", async (t) => {
  if (!needs(t, lacks("rsync", "sshd", "grep"))) return;
  const sshd = await startSshd(t);
  const project = await makeProject(t, PLAIN);
  const mirror = mirrorIn((await devtool(t, project, sshd, "sync")).events);
  const cache = dirname(dirname(mirror));
  const agent = join(cache, (await agentFile()).name);
  for (const name of ["path", `${agent}.4294967295`, `${agent}.${process.pid}`])
    await writeFile(resolve(cache, name), "");
  const all = [
    ["mirror", mirror],
    ["agent", agent],
    ["agent", `${agent}.4294967295`],
    ["PATH", join(cache, "path")],
    ["folder", dirname(mirror)],
  ];
  const listed = (events: Events) => removals(events).map(({ kind, path }) => [kind, path]);
  const notices = (events: Events) => events.flatMap((event) => (event.event === "notice" ? [event.text] : []));
  const kept = (path: string) => `another devtool uses the agent ${path}, so that stays`;

  const dry = await devtool(t, project, sshd, "clean", "--dry-run");
  assert.deepEqual([dry.code, listed(dry.events)], [0, all]);
  assert.deepEqual(notices(dry.events), [kept(`${agent}.${process.pid}`)]);
  await rm(`${agent}.${process.pid}`);

  const flags = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host];
  const other = startDevtool(t, project, ["run", ...flags, "sh", "-c", "echo up; read line; echo $line"]);
  await other.next("output");
  const beside = await devtool(t, project, sshd, "clean", "--yes");
  assert.deepEqual([beside.code, listed(beside.events)], [0, all.filter(([, path]) => path !== agent)]);
  assert.deepEqual(notices(beside.events), [kept(agent), "removed"]);
  assert.deepEqual(await readdir(cache), [basename(agent)]);
  other.child.stdin?.end("down\n");
  const { code, stdout } = await other.ended;
  assert.deepEqual([code, stdout.toString().includes("down")], [0, true]);

  const last = await devtool(t, project, sshd, "clean", "--yes");
  assert.deepEqual(
    listed(last.events).map(([kind]) => kind),
    ["agent", "PATH", "folder"],
  );
  assert.ok(!existsSync(cache));

  const none = await devtool(t, project, sshd, "clean", "--dry-run");
  assert.deepEqual([listed(none.events), notices(none.events)], [[], ["there is nothing to remove"]]);
  assert.ok(!existsSync(cache));
});

test("what root has left in a mirror is named by clean where there is no sudo", async (t) => {
  if (!needs(t, missing())) return;
  const sshd = await startSshdForUser(t, FORBIDDEN);
  const project = await makeProject(t, PLAIN);
  const mirror = mirrorIn((await devtool(t, project, sshd, "sync")).events);
  await mkdir(join(mirror, "by-root"));
  await writeFile(join(mirror, "by-root/file"), "");
  const { code, events } = await devtool(t, project, sshd, "clean", "--yes");
  assert.deepEqual([code, failureIn(events)?.code], [1, "mirror-unwritable"]);
  assert.match(failureIn(events)?.message ?? "", /by-root\/file.*Permission denied/);
});

test("an old mirror is a folder that devtool named, in which nothing was changed or read for so long", async (t) => {
  if (!needs(t, lacks("du", "find"))) return;
  const cache = await temporaryDirectory(t);
  const mirrors = join(cache, "mirrors");
  for (const name of ["mine-00000000", "it's old-0123abcd", "notes", "notes-0123abcg"])
    await mkdir(join(mirrors, name), { recursive: true });
  await symlink(cache, join(mirrors, "link-0123abcd"));
  const facts = { cache } as TargetFacts;
  const place = { connection: localConnection(), facts, mirror: join(mirrors, "mine-00000000") };
  const list = async (days: number) =>
    (await listOnTarget(place, days, t.signal)).removals.map(({ kind, path }) => [
      kind,
      path.slice(mirrors.length + 1),
    ]);
  assert.deepEqual(await list(0), [
    ["mirror", "mine-00000000"],
    ["old mirror", "it's old-0123abcd"],
  ]);
  assert.deepEqual(await list(30), [["mirror", "mine-00000000"]]);
});

test("clean does not remove what is mounted in a mirror, and says where; the mirror's path may have blanks", async (t) => {
  if (!needs(t, process.getuid?.() === 0 ? lacks("unshare", "mount") : "root, to mount")) return;
  const home = join(await temporaryDirectory(t), "my home");
  const [mirror, other] = [join(home, "mirror-00000000"), join(home, "other")];
  for (const path of [join(mirror, "mounted"), other]) await mkdir(path, { recursive: true });
  await writeFile(join(other, "file"), "");
  const mount = 'mount --bind "$0/other" "$0/mirror-00000000/mounted" && exec "$@"';
  const unshare = ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, home];
  const facts = { cache: home, uid: 0 } as TargetFacts;
  const removal = { kind: "mirror", path: mirror, bytes: 0 } as const;
  const inNamespace = { connection: localConnection((argv) => [...unshare, ...argv]), facts, mirror };
  await assert.rejects(removeOnTarget(inNamespace, removal, t.signal), {
    code: "mirror-unwritable",
    message: /my home\/mirror-00000000\/mounted is mounted there$/,
  });
  assert.ok(existsSync(join(mirror, "mounted")) && existsSync(join(other, "file")));
  await removeOnTarget({ ...inNamespace, connection: localConnection() }, removal, t.signal);
  assert.ok(!existsSync(mirror) && existsSync(join(other, "file")));
});

test("at a terminal clean asks, and removes after a yes alone", async (t) => {
  if (!needs(t, lacks("rsync", "gcc"))) return;
  const project = await makeProject(t, PLAIN);
  const pty = join(await temporaryDirectory(t), "pty");
  execFileSync("gcc", ["-o", pty, "test/native/pty.c", "-lutil"]);
  assert.equal((await startDevtool(t, project, ["sync", "--target", "local"]).ended).code, 0);
  const mirrors = join(project.home, ".cache/devtool/mirrors");
  const answer = async (text: string) => {
    const argv = ["24", "80", "24", "80", ...DEVTOOL, "clean", "--target", "local"];
    const env = { ...process.env, HOME: project.home, XDG_CACHE_HOME: join(project.home, "cache"), TERM: "vt100" };
    const child = spawn(pty, argv, { cwd: project.root, env });
    t.after(() => void child.kill("SIGKILL"));
    let screen = "";
    child.stdout.on("data", (chunk) => {
      if (!screen.includes("[y/N]") && (screen + chunk).includes("[y/N]")) child.stdin.write(`${text}\n`);
      screen += chunk;
    });
    assert.deepEqual(await once(child, "close"), [0, null], screen);
    return existsSync(mirrors);
  };
  assert.equal(await answer(""), true);
  assert.equal(await answer("yes"), false);
});
