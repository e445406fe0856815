import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import type { EventLine } from "../../../../devtool/report/events.ts";
import { buildAgent } from "../../../rig/agent.ts";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import type { Sshd } from "../../../rig/sshd.ts";
import { makeProject, type Project, startDevtool } from "../../rig.ts";
import { ALLOWED, FORBIDDEN, missing, startSshdForUser, UID } from "../../targets/user-sshd.ts";

before(buildAgent);

const config = (value: object) => ({ "devtool.config.ts": `export default ${JSON.stringify(value)};\n` });

async function plainProject(t: TestContext): Promise<Project> {
  return await makeProject(t, { ...config({}), "pkg/a.py": "1\n" });
}

/** Runs devtool to its end; returns its events. */
async function devtool(t: TestContext, project: Project, sshd: Sshd, ...args: string[]): Promise<readonly EventLine[]> {
  const [name = "", ...words] = args;
  const flags = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host];
  const started = startDevtool(t, project, [name, ...flags, ...words]);
  const { code, stderr } = await started.ended;
  assert.equal(code, 0, `${stderr}\n${started.lines.join("\n")}`);
  return started.lines.map((line) => JSON.parse(line) as EventLine);
}

function find<K extends EventLine["event"]>(events: readonly EventLine[], kind: K) {
  const found = events.find((event) => event.event === kind);
  return (found ?? assert.fail(`no ${kind}`)) as Extract<EventLine, { event: K }>;
}

const outputOf = (events: readonly EventLine[]) =>
  events.map((event) => (event.event === "output" && "data" in event ? event.data : "")).join("");

test("a program runs as the login user, as root only if the configuration says so, and both are said", async (t) => {
  if (!needs(t, missing())) return;
  const sshd = await startSshdForUser(t, ALLOWED);
  const project = await plainProject(t);
  for (const [value, user] of [
    [{}, "rig"],
    [{ asRoot: true }, "root"],
  ] as const) {
    await project.write(config(value));
    const events = await devtool(t, project, sshd, "run", "id", "-un");
    assert.equal(outputOf(events), `${user}\n`);
    assert.equal(find(events, "connected").runsAs, user);
    const status = await devtool(t, project, sshd, "status");
    const values = status.map((event) => (event.event === "status" ? [event.name, event.value] : []));
    assert.deepEqual(
      values.find(([name]) => name === "runs as"),
      ["runs as", user],
    );
  }
});

test("a program that is to run as root, and can't, runs as the login user, which is said unless that is meant", async (t) => {
  if (!needs(t, missing())) return;
  const sshd = await startSshdForUser(t, FORBIDDEN);
  const project = await plainProject(t);
  const said = async (value: object) => {
    await project.write(config(value));
    const events = await devtool(t, project, sshd, "run", "id", "-un");
    assert.equal(outputOf(events), "rig\n");
    return events.flatMap((event) => (event.event === "notice" ? [event.text] : []));
  };
  const [notice = "", ...more] = await said({ asRoot: true });
  assert.match(
    notice,
    /^the program is to run as root, and sudo does not let rig without a password: it runs as rig; /,
  );
  assert.deepEqual(more, []);
  const box = { kind: "ssh", host: sshd.host, sudo: false };
  assert.deepEqual(await said({ asRoot: true, targets: { [sshd.host]: box } }), []);
});

test("what a program left as root is replaced and deleted by the next sync, also in folders that only root can read", async (t) => {
  if (!needs(t, missing())) return;
  const sshd = await startSshdForUser(t, ALLOWED);
  const project = await plainProject(t);
  await project.write({ ...config({ asRoot: true }), ".gitignore": "kept/\n" });
  const script = `mkdir -p pkg/__pycache__ secret/deep kept && touch pkg/__pycache__/a.pyc secret/deep/b kept/c
    chmod 700 secret; rm pkg/a.py; echo root >pkg/a.py; chown root pkg`;
  const { mirror } = find(await devtool(t, project, sshd, "run", "sh", "-c", script), "synced");
  assert.ok(existsSync(join(mirror, "secret/deep/b")));
  await project.write({ ...config({}), "pkg/a.py": "2\n" });
  const events = await devtool(t, project, sshd, "run", "sh", "-c", "echo new >pkg/written; cat pkg/a.py");
  assert.equal(outputOf(events), "2\n");
  for (const path of ["pkg/__pycache__", "secret"]) assert.ok(!existsSync(join(mirror, path)), path);
  assert.equal((await stat(join(mirror, "pkg/written"))).uid, UID);
  assert.equal((await stat(join(mirror, "kept/c"))).uid, 0);
});

test("what a program left for root alone is brought back by pull, also by a pattern in a folder of root's", async (t) => {
  if (!needs(t, missing())) return;
  const sshd = await startSshdForUser(t, ALLOWED);
  const project = await plainProject(t);
  await project.write({ ...config({ asRoot: true }), ".gitignore": "out/\n" });
  const script = "umask 077; mkdir -p out/deep; echo made >out/deep/a.bin; echo other >out/deep/b.txt";
  await devtool(t, project, sshd, "run", "sh", "-c", script);
  await devtool(t, project, sshd, "pull", "out/deep/*.bin");
  assert.deepEqual(await readdir(join(project.root, "out/deep")), ["a.bin"]);
  await devtool(t, project, sshd, "pull", "out");
  assert.equal(await readFile(join(project.root, "out/deep/b.txt"), "utf8"), "other\n");
});

test("what can't be deleted without sudo stays, with a notice; what can't be replaced fails, and says what to do", async (t) => {
  if (!needs(t, missing())) return;
  const sshd = await startSshdForUser(t, FORBIDDEN);
  const project = await plainProject(t);
  const { mirror } = find(await devtool(t, project, sshd, "sync"), "synced");
  await mkdir(join(mirror, "left"));
  await writeFile(join(mirror, "left/by-root"), "");
  await project.write({ "pkg/a.py": "2\n" });
  const events = await devtool(t, project, sshd, "sync");
  assert.match(
    find(events, "notice").text,
    /^left\/by-root is not in the project, but can't be deleted there: Permission denied$/,
  );
  assert.equal(await readFile(join(mirror, "pkg/a.py"), "utf8"), "2\n");
  await chown(join(mirror, "pkg"), 0, 0);
  await project.write({ "pkg/a.py": "3\n" });
  const flags = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host];
  const failing = startDevtool(t, project, ["sync", ...flags]);
  assert.equal((await failing.next("failed")).code, "mirror-unwritable");
});

test("a mirror that the login user can't make is named, with why and what to do, with sudo and without it", async (t) => {
  if (!needs(t, missing())) return;
  const parent = await temporaryDirectory(t);
  await chmod(parent, 0o755);
  const project = await plainProject(t);
  for (const sudoers of [ALLOWED, FORBIDDEN]) {
    const sshd = await startSshdForUser(t, sudoers);
    const box = { kind: "ssh", host: sshd.host, configFile: sshd.configFile, mirror: join(parent, "mirrors") };
    await project.write(config({ targets: { box }, target: "box" }));
    const { code, message, remedy } = await startDevtool(t, project, ["sync", "--json"]).next("failed");
    assert.equal(code, "mirror-unwritable");
    const why = `^can't make or change the mirror ${parent}/mirrors/\\S+ on the target: the login user may not write to `;
    assert.match(message, new RegExp(why));
    assert.match(remedy ?? "", /^make the mirror writable for the login user/);
  }
  assert.deepEqual(await readdir(parent), []);
});
