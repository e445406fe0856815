import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdirSync, readdirSync, rmdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { busyboxRootfs, tinydocker } from "../../rig/tinydocker.ts";
import { killedAt } from "../killed-at.ts";
import { stoppedAt } from "../stopped-at.ts";

const rig = await tinydocker({ after });
const rootfs = await busyboxRootfs(join(rig.directory, "rootfs"));
mkdirSync(join(rootfs, "srv/sub"), { recursive: true });
writeFileSync(join(rootfs, "srv/sub/file"), "from the image\n", { mode: 0o640 });
chownSync(join(rootfs, "srv/sub/file"), 33, 44);
chownSync(join(rootfs, "srv"), 5, 6);
execFileSync("chmod", ["2770", join(rootfs, "srv")]);
assert.equal((await rig.run(["image", "import", "box", rootfs])).code, 0);

const run = (name: string, options: readonly string[], script: string) =>
  rig.run(["run", "--image", "box", "--network", "none", ...options, name, "sh", "-c", script]);
const volumes = () => readdirSync(join(rig.root, "volumes"));
const LIST = "stat -c '%n %a %u %g' /srv /srv/sub/file; cat /srv/sub/file";
const FROM_IMAGE = "/srv 2770 5 6\n/srv/sub/file 640 33 44\nfrom the image\n";

describe("a volume", () => {
  it("is made at its first use with what the image has there, and keeps what containers write", async () => {
    assert.equal((await run("c1", ["-v", "data:/srv"], `${LIST}; echo more > /srv/more`)).stdout, FROM_IMAGE);
    assert.equal(
      (await run("c2", ["-v", "data:/elsewhere:ro"], "cat /elsewhere/more; echo x > /elsewhere/y")).stdout,
      "more\n",
    );
    const { code, stdout } = await rig.run(["volume", "inspect", "-f", "{{.Name}} {{.Mountpoint}}", "data"]);
    assert.deepEqual([code, stdout], [0, `data ${join(rig.root, "volumes/data/_data")}\n`]);
    assert.equal((await rig.run(["volume", "ls"])).stdout, "DRIVER    VOLUME NAME\nlocal     data\n");
  });

  it("is left empty with nocopy, and filled later if it still is", async () => {
    const before = await run("c1", ["-v", "empty:/srv:nocopy"], "ls -A /srv");
    assert.deepEqual([before.stdout, before.stderr], ["", ""]);
    assert.equal((await run("c1", ["--mount", "src=empty,dst=/srv"], LIST)).stdout, FROM_IMAGE);
  });

  it("is complete for each of several containers that use it first at the same moment", async () => {
    const all = await Promise.all(["c1", "c2", "c3"].map((name) => run(name, ["-v", "shared:/srv"], LIST)));
    for (const { stdout, stderr } of all) assert.deepEqual([stdout, stderr], [FROM_IMAGE, ""]);
  });

  it("may be a directory of this machine, which gets what the image has if it is empty, and stays when the volume goes", async () => {
    const device = join(rig.directory, "device");
    const options = ["-o", "type=none", "-o", "o=bind", "-o", `device=${device}`];
    await rig.run(["volume", "create", ...options, "bound"]);
    const missing = await run("c1", ["-v", "bound:/srv"], "true");
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /volume bound is .*\/device, and there is no such directory\n {2}make it/);
    mkdirSync(device);
    assert.equal((await run("c1", ["-v", "bound:/srv"], `${LIST}; echo more > /srv/more`)).stdout, FROM_IMAGE);
    const fields = `src=bound-too,dst=/m,volume-label=by=mount,volume-opt=o=bind,volume-opt=device=${device}`;
    assert.equal((await run("c2", ["--mount", fields], "cat /m/more /m/sub/file")).stdout, "more\nfrom the image\n");
    const about = ["volume", "inspect", "-f", "{{.Options.device}} {{.Labels.by}}", "bound-too"];
    assert.equal((await rig.run(about)).stdout, `${device} mount\n`);
    assert.equal((await rig.run(["volume", "rm", "bound", "bound-too"])).code, 0);
    assert.deepEqual(readdirSync(device).sort(), ["more", "sub"]);
  });

  it("that can't be had keeps a container from its restart, which says that it was stopped", async () => {
    const device = join(rig.directory, "away");
    mkdirSync(device);
    await rig.run(["volume", "create", "-o", "o=bind", "-o", `device=${device}`, "away"]);
    const words = ["run", "-d", "--image", "box", "--network", "none", "-v", "away:/m", "c1", "sleep", "1000"];
    assert.equal((await rig.run(words)).code, 0);
    rmdirSync(device);
    const { code, stderr } = await rig.run(["restart", "-t", "0", "c1"]);
    assert.equal(code, 125);
    assert.match(
      stderr,
      /^tinydocker: the container c1 was stopped, and can't be started again: the volume away is .*\n {2}make it/,
    );
    assert.equal((await rig.run(["rm", "-f", "c1"])).code, 0);
    assert.equal((await rig.run(["volume", "rm", "away"])).code, 0);
  });

  it("CVE-2017-1002101: has no part that a link leads to outside it", async () => {
    symlinkSync("/etc", join(rig.root, "volumes/data/_data/etc"));
    const mount = (subpath: string) => ["--mount", `type=volume,src=data,dst=/m,volume-subpath=${subpath}`];
    assert.equal((await run("c1", mount("sub"), "cat /m/file")).stdout, "from the image\n");
    const { code, stderr } = await run("c1", mount("etc"), "ls /m");
    assert.equal(code, 125);
    assert.match(stderr, /can't mount etc of the volume data: ELOOP/);
  });

  it("without a name goes with its container, also when tinydocker is killed", async () => {
    const before = volumes();
    assert.equal((await run("c1", ["-v", "/srv"], LIST)).stdout, FROM_IMAGE);
    assert.deepEqual(volumes(), before);
    const child = rig.spawn([
      "run",
      "--image",
      "box",
      "--network",
      "none",
      "-v",
      "/srv",
      "c1",
      "sh",
      "-c",
      "echo; cat",
    ]);
    await once(child.stdout as NodeJS.ReadableStream, "data");
    assert.equal(volumes().length, before.length + 1);
    child.kill("SIGKILL");
    await once(child, "close");
    assert.equal((await run("c2", [], "true")).code, 0);
    assert.deepEqual(volumes(), before);
  });

  it("without a name goes with a container that can't be made or started", async () => {
    const before = volumes();
    const own = ["--image", "box", "--network", "none", "-v", "/own"];
    for (const detached of [["-d"], ["-d", "--rm"], []])
      assert.equal((await rig.run(["run", ...detached, ...own, "c1", "/nowhere"])).code, 127);
    assert.deepEqual(volumes(), before);
    await rig.run(["volume", "create", "broken"]);
    rmdirSync(join(rig.root, "volumes/broken/_data"));
    for (const verb of [["create"], ["run", "-d"]]) {
      const { code, stderr } = await rig.run([...verb, ...own, "-v", "broken:/srv", "c1", "true"]);
      assert.deepEqual([code, /broken/.test(stderr)], [125, true], stderr);
    }
    assert.equal((await rig.run(["ps", "-aq"])).stdout, "");
    await rig.run(["volume", "rm", "broken"]);
    assert.deepEqual(volumes(), before);
  });

  it("without a name stays for those who were given it by its id, and goes with the one that it was made for", async () => {
    const before = volumes();
    const box = ["--image", "box", "--network", "none"];
    await rig.run(["run", "-d", ...box, "-v", "/own", "c1", "sh", "-c", "echo precious >/own/f; sleep 1000"]);
    const volume = (await rig.run(["inspect", "-f", "{{(index .Mounts 0).Name}}", "c1"])).stdout.trim();
    const given = ["-v", `${volume}:/m`];
    assert.equal((await run("c2", given, "until cat /m/f; do :; done")).stdout, "precious\n");
    await rig.run(["run", "-d", ...box, ...given, "c2", "sleep", "1000"]);
    assert.equal((await rig.run(["rm", "-fv", "c1"])).code, 0);
    assert.equal((await rig.run(["exec", "c2", "cat", "/m/f"])).stdout, "precious\n");
    assert.equal((await rig.run(["rm", "-fv", "c2"])).code, 0);
    assert.equal((await run("c2", given, "cat /m/f")).stdout, "precious\n");
    assert.equal((await rig.run(["volume", "rm", volume])).code, 0);
    await rig.run(["create", ...box, "-v", "/own", "c1", "true"]);
    assert.equal(volumes().length, before.length + 1);
    await rig.run(["rm", "-v", "c1"]);
    assert.deepEqual(volumes(), before);
  });

  it("and each directory that a container has are another one's by --volumes-from, which no removal of that one removes", async () => {
    const box = ["--image", "box", "--network", "none"];
    const mounts = ["-v", `${rig.directory}:/machine:ro`, "-v", "kept:/kept", "-v", "/own", "--tmpfs", "/memory"];
    await rig.run(["create", ...box, ...mounts, "c1", "true"]);
    const seen = "echo x >/own/x; touch /kept/x; ls -d /memory; touch /machine/x; ls /own /kept";
    const { stdout, stderr } = await run("c2", ["--volumes-from", "c1"], seen);
    assert.equal(stdout, "/kept:\nx\n\n/own:\nx\n");
    assert.match(stderr, /\/memory: No such file or directory\n.*\/machine\/x: Read-only file system\n$/);
    const readonly = await run("c2", ["--volumes-from=c1:ro", "-v", "/own"], "ls /own; touch /kept/y");
    assert.deepEqual([readonly.stdout, /Read-only/.test(readonly.stderr)], ["", true]);
    assert.equal((await run("c2", ["--volumes-from", "c1"], "cat /own/x")).stdout, "x\n");
    for (const [wrong, message] of [
      ["nosuch", /there is no container nosuch/],
      ["c1:rx", /--volumes-from takes NAME, NAME:ro or NAME:rw, not "c1:rx"/],
    ] as const)
      assert.match((await run("c2", ["--volumes-from", wrong], "true")).stderr, message);
    await rig.run(["rm", "-v", "c1"]);
    await rig.run(["volume", "rm", "kept"]);
  });

  it("that a container has is not removed, and one that is gone or misnamed is named", async () => {
    const child = rig.spawn([
      "run",
      "--image",
      "box",
      "--network",
      "none",
      "-v",
      "data:/srv",
      "user",
      "sh",
      "-c",
      "echo; cat",
    ]);
    await once(child.stdout as NodeJS.ReadableStream, "data");
    for (const [words, message] of [
      [["rm", "data"], /the volume data is in use by user\n {2}remove what uses it first: tinydocker rm user/],
      [["rm", "nosuch"], /there is no volume nosuch/],
      [["inspect", "no/such"], /"no\/such" can't be the name of a volume/],
    ] as const) {
      const { code, stderr } = await rig.run(["volume", ...words]);
      assert.equal(code, 125);
      assert.match(stderr, message);
    }
    child.stdin?.end();
    await once(child, "close");
  });

  it("that another command has just removed is left out by prune, and named by rm", async () => {
    const events = { call: "openat", on: [join(rig.root, "events")] };
    const before = volumes();
    await rig.run(["volume", "create", "gone", "--label", "gone"]);
    const prune = await stoppedAt(rig, events, ["volume", "prune", "-a", "--filter", "label=gone"]);
    const rm = await stoppedAt(rig, events, ["volume", "rm", "gone"]);
    assert.equal((await rig.run(["volume", "rm", "gone"])).code, 0);
    for (const { goOn } of [prune, rm]) goOn();
    assert.deepEqual(await prune.outcome, { code: 0, signal: null, stdout: "", stderr: "" });
    const { code, stderr } = await rm.outcome;
    assert.deepEqual([code, /^tinydocker: there is no volume gone\n/.test(stderr)], [125, true], stderr);
    assert.deepEqual(volumes(), before);
  });

  it("is removed with its files, or all that nothing uses by prune -a", async () => {
    assert.equal((await rig.run(["volume", "create", "--label", "a=b", "made"])).stdout, "made\n");
    assert.equal((await rig.run(["volume", "inspect", "-f", "{{json .Labels}}", "made"])).stdout, '{"a":"b"}\n');
    assert.equal((await rig.run(["volume", "ls", "-f", "label=a", "--format", "{{.Labels}}"])).stdout, "a=b\n");
    assert.equal((await rig.run(["volume", "rm", "made"])).stdout, "made\n");
    // A value, after which options follow.
    assert.equal((await rig.run(["volume", "create", "--label", "--", "--label", "c=d", "made"])).stdout, "made\n");
    assert.equal(
      (await rig.run(["volume", "inspect", "-f", "{{json .Labels}}", "made"])).stdout,
      '{"--":"","c":"d"}\n',
    );
    assert.equal((await rig.run(["volume", "rm", "--", "made"])).stdout, "made\n");
    assert.equal((await rig.run(["volume", "rm", "-f", "made"])).code, 0);
    assert.equal((await rig.run(["volume", "prune"])).stdout, "");
    assert.equal((await rig.run(["volume", "prune", "-a", "--filter", "label=none"])).stdout, "");
    assert.equal((await rig.run(["volume", "prune", "-a"])).stdout, "data\nempty\nshared\n");
    assert.deepEqual(volumes(), []);
  });

  for (const [call, n] of [
    ["mkdir", 12],
    ["rename", 1],
    ["rename", 2],
    ["lchown", 1],
  ] as const) {
    it(`is whole or not there when tinydocker is killed while it makes it: ${call} ${n}`, async () => {
      const words = ["run", "--image", "box", "--network", "none", "-v", "half:/srv", "c1", "true"];
      const killed = await rig.run(words, { prefix: killedAt(rig.directory, call, n) });
      assert.ok(killed.signal === "SIGKILL" || killed.code === 0, killed.stderr);
      assert.equal((await run("c1", ["-v", "half:/srv"], LIST)).stdout, FROM_IMAGE);
      assert.deepEqual(volumes(), ["half"]);
      await rig.run(["volume", "rm", "half"]);
    });
  }
});
