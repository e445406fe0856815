import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { needs } from "../../rig/host.ts";
import { outcomeOf } from "../../rig/tinydocker.ts";
import { snapshot } from "../image/rig.ts";
import { killedAt } from "../killed-at.ts";
import { detachedRig } from "./detached-rig.ts";

const rig = await detachedRig({ after });
const { succeeds, detach, left, clean } = rig;
const exec = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
/** Its --runroot may have 50 characters. */
const STORE = ["--root", join(rig.directory, "p"), "--runroot", join(rig.directory, "r"), "--storage-driver", "vfs"];
const lacks = ["podman", "umoci", "skopeo"].find((program) => !existsSync(`/usr/bin/${program}`));

/** What a container may do to its image, then it prints a word and stays. */
const CHANGES = [
  "rm /etc/script; rm -r /srv/tree; mkdir /srv/tree; echo new >/srv/tree/new; ln /srv/tree/new /srv/hard",
  "ln -s new /srv/tree/link; chmod 4750 /srv/tree/new; rm /srv/file; mkdir -p /srv/file/in",
  "echo ready; sleep 1000",
].join("; ");

/** Of the root itself, podman does not keep the time. */
function filesIn(directory: string) {
  const { "": _root, ...files } = snapshot(directory);
  return files;
}

afterEach(async () => {
  await rig.run(["rm", "-f", "made", "other"]);
  assert.deepEqual(left(), clean);
});

function withoutRoot(members: string): string[] {
  return members.split("\n").filter((line) => !line.endsWith(" ./"));
}

/** A container that did all of that. */
async function changed(image: string): Promise<void> {
  await succeeds(
    "run",
    "-d",
    "--image",
    image,
    "--network",
    "none",
    "-e",
    "A=b",
    "--label",
    "l=v",
    "-w",
    "/srv",
    "made",
    "sh",
    "-c",
    CHANGES,
  );
  const log = rig.spawn(["logs", "-f", "made"]);
  await new Promise((resolve) => log.stdout?.once("data", resolve));
  log.kill();
  await new Promise((resolve) => log.once("close", resolve));
}

/** The image `box` with something to change. */
async function base(): Promise<void> {
  await succeeds(
    "create",
    "--image",
    "box",
    "--network",
    "none",
    "made",
    "sh",
    "-c",
    "mkdir -p /srv/tree/old; echo 1 >/srv/file",
  );
  await succeeds("start", "made");
  await succeeds("wait", "made");
  await succeeds("commit", "made", "local/base");
  await succeeds("rm", "made");
}

describe("tinydocker commit", () => {
  it("keeps the health check that the container has, or that it has none", async () => {
    const checkOf = async (...words: string[]) => {
      await succeeds("create", "--network", "none", "--name", "checked", ...words, "true");
      await succeeds("commit", "checked", "local/checked");
      await succeeds("rm", "checked");
      return JSON.parse(await succeeds("image", "inspect", "-f", "{{json .Config.Healthcheck}}", "local/checked"));
    };
    const own = await checkOf("--health-cmd", "exit 3", "--health-retries", "1", "--image", "box");
    assert.deepEqual([own.Test, own.Retries], [["CMD-SHELL", "exit 3"], 1]);
    assert.deepEqual(await checkOf("--image", "local/checked"), own);
    assert.deepEqual(await checkOf("--no-healthcheck", "--image", "local/checked"), { Test: ["NONE"] });
  });

  it("keeps what the container's own image says, not another one of the same layers, and user and entrypoint as they were given", async () => {
    const committed = async (from: readonly string[], to: string, ...changes: string[]) => {
      await succeeds("create", "--network", "none", ...from);
      await succeeds("commit", ...changes.flatMap((change) => ["-c", change]), "made", to);
      await succeeds("rm", "made");
    };
    const shown = (name: string, template: string) => succeeds("image", "inspect", "-f", template, name);
    await committed(["--image", "box", "made", "true"], "local/a");
    await committed(["--image", "box", "made", "true"], "local/b", 'ENTRYPOINT ["sh","-c"]', "EXPOSE 80", "USER 7");
    assert.equal(await shown("local/a", "{{.RootFS.Layers}}"), await shown("local/b", "{{.RootFS.Layers}}"));
    const all = "{{.Config.Entrypoint}} {{.Config.Cmd}} {{json .Config.ExposedPorts}} {{.Config.User}}";
    await committed(["--name", "made", "local/b", "id"], "local/c");
    assert.equal(await shown("local/c", all), '[sh -c] [id] {"80/tcp":{}} 7\n');
    await succeeds("create", "--network", "none", "-v", "/own", "--name", "made", "local/c");
    const ports = "{{json .Config.ExposedPorts}} {{json .NetworkSettings.Ports}} {{json .Config.Volumes}}";
    assert.equal(await succeeds("inspect", "-f", ports, "made"), '{"80/tcp":{}} {} {"/own":{}}\n');
    await succeeds("rm", "-v", "made");
    await committed(["--name", "made", "--entrypoint", "cat", "-u", "0", "local/b", "/f"], "local/d");
    assert.equal(await shown("local/d", all), '[cat] [/f] {"80/tcp":{}} 0\n');
  });

  it("stores an image whose containers see what the container saw, with what was removed, replaced and linked", async () => {
    await base();
    await changed("local/base");
    const id = (
      await succeeds("commit", "-m", "why", "-a", "Ann", "-c", 'CMD ["sh"]', "-c", "ENV C=d", "made", "local/made:1")
    ).trim();
    assert.equal(await succeeds("ps", "--format", "{{.Names}} {{.State}}"), "made running\n");
    const [shown] = JSON.parse(await succeeds("image", "inspect", "local/made:1"));
    assert.deepEqual([shown.Id, shown.Author, shown.RootFS.Layers.length], [id, "Ann", 3]);
    const { Env, Cmd, Labels, WorkingDir } = shown.Config;
    assert.deepEqual([Env.slice(-2), Cmd, Labels, WorkingDir], [["A=b", "C=d"], ["sh"], { l: "v" }, "/srv"]);
    const seen = "cd /srv; ls -R . ; stat -c '%a %h' tree/new hard; readlink tree/link; ls /etc/script 2>&1";
    const before = await rig.run(["exec", "made", "sh", "-c", seen]);
    const { stdout } = await rig.run(["run", "--network", "none", "--name", "other", "local/made:1", "sh", "-c", seen]);
    assert.equal(stdout, before.stdout);
    assert.match(stdout, /^4750 2$/m);
    assert.doesNotMatch(stdout, /old/);
  });

  it("writes what podman, skopeo and umoci read, to the same files", async (t) => {
    if (!needs(t, lacks)) return;
    await changed("local/base");
    await succeeds("commit", "-p=false", "-m", "why", "made", "local/made:1");
    const archive = join(rig.directory, "made.tar");
    await succeeds("save", "-o", archive, "local/made:1");
    exec("podman", ...STORE, "load", "-q", "-i", archive);
    const { history } = JSON.parse(exec("skopeo", "inspect", "--config", `docker-archive:${archive}`));
    assert.deepEqual([history.length, history.at(-1).comment], [2, "why"]);
    const layout = join(rig.directory, "layout");
    exec("skopeo", "--insecure-policy", "copy", `docker-archive:${archive}`, `oci:${layout}:1`);
    exec("umoci", "unpack", "--image", `${layout}:1`, join(rig.directory, "bundle"));
    const mount = exec("podman", ...STORE, "image", "mount", "local/made:1").trim();
    try {
      assert.deepEqual(filesIn(mount), filesIn(join(rig.directory, "bundle/rootfs")));
    } finally {
      exec("podman", ...STORE, "image", "unmount", "local/made:1");
      exec("podman", ...STORE, "rmi", "-f", "local/made:1");
    }
    assert.deepEqual(readdirSync(join(rig.directory, "bundle/rootfs/srv/tree")).sort(), ["link", "new"]);
    assert.ok(!existsSync(join(rig.directory, "bundle/rootfs/etc/script")));
  });

  it("lets a paused container stay paused, takes an image without a name, and leaves nothing where kill -9 ends it", async () => {
    await detach("made", "sleep", "1000");
    await succeeds("pause", "made");
    const id = (await succeeds("commit", "made")).trim();
    assert.equal(await succeeds("ps", "--format", "{{.State}}"), "paused\n");
    assert.match(await succeeds("image", "ls"), new RegExp(`^localhost/commit +${id.slice(7, 19)} `, "m"));
    await succeeds("unpause", "made");
    await succeeds("exec", "made", "touch", "/more");
    const killed = await rig.run(["commit", "-p=false", "made", "local/killed"], {
      prefix: killedAt(rig.directory, "fdatasync", 1),
    });
    assert.equal(killed.signal, "SIGKILL");
    assert.doesNotMatch(await succeeds("image", "ls"), /killed/);
    await succeeds("commit", "made", "local/whole");
    assert.deepEqual(
      readdirSync(join(rig.root, "layers")).filter((name) => name.startsWith(".")),
      [],
    );
  });

  it("lets the container go on where kill -9 ends it, which is paused meanwhile", async () => {
    await detach("made", "sh", "-c", "trap 'echo on; exit' USR1; touch /ready; while :; do sleep 1000 & wait; done");
    const followed = outcomeOf(rig.spawn(["logs", "-f", "made"]));
    await succeeds("exec", "made", "sh", "-c", "until [ -e /ready ]; do :; done");
    const killed = await rig.run(["commit", "made", "local/killed"], {
      prefix: killedAt(rig.directory, "fdatasync", 1),
    });
    assert.equal(killed.signal, "SIGKILL");
    await succeeds("kill", "-s", "USR1", "made");
    assert.equal((await followed).stdout, "on\n");
    await succeeds("commit", "made", "local/whole");
  });

  it("refuses a container of the machine's own root, a name that is none, and an instruction that means nothing", async () => {
    await succeeds("create", "--network", "none", "made", "true");
    for (const [words, message] of [
      [["made", "x"], /runs on this machine's own root \(host\), which is no image/],
      [["made", "X"], /can't be the name of an image|name/],
      [["nosuch", "x"], /there is no container nosuch/],
      [[], /commit takes the name of a container/],
    ] as const) {
      const { code, stderr } = await rig.run(["commit", ...words]);
      assert.deepEqual([code, message.test(stderr)], [125, true], stderr);
    }
  });
});

describe("tinydocker export", () => {
  it("writes the files of a container, running or not, which image import takes", async () => {
    await changed("box");
    const running = join(rig.directory, "running.tar");
    await succeeds("export", "-o", running, "made");
    const members = exec("tar", "-tvf", running);
    assert.match(members, /-rwsr-x--- 0\/0 .* srv\/(hard|tree\/new)$/m);
    assert.match(members, / link to srv\/hard$/m);
    assert.match(members, / proc\/$/m);
    assert.doesNotMatch(members, /script| proc\/./);
    await succeeds("stop", "-t", "0", "made");
    const stopped = join(rig.directory, "stopped.tar");
    const { code } = await rig.run(["export", "made"], { stdio: ["ignore", openSync(stopped, "w"), "pipe"] });
    assert.equal(code, 0);
    assert.deepEqual(withoutRoot(exec("tar", "-tvf", stopped)), withoutRoot(members));
    await succeeds("image", "import", "again", running);
    assert.equal(
      await succeeds("run", "--network", "none", "--image", "again", "other", "cat", "/srv/tree/link"),
      "new\n",
    );
  });
});
