import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, describe, it } from "node:test";
import { placesOf } from "../../../runtime/state/places.ts";
import { find } from "../../../runtime/state/status.ts";
import { traces } from "../../rig/leaks.ts";
import { gone } from "../../rig/processes.ts";
import { importBusybox, outcomeOf, tinydocker } from "../../rig/tinydocker.ts";
import { killedAt } from "../killed-at.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const clean = traces(rig.root);
const box = ["run", "--image", "box"];

describe("the init killed at any step", () => {
  const steps: [string, number][] = [
    ...[1, 2, 3, 4, 6, 8].map((n): [string, number] => ["mount", n]),
    ...[5, 20, 40].map((n): [string, number] => ["openat2", n]),
    ...[1, 6, 9].map((n): [string, number] => ["move_mount", n]),
    ...["pivot_root", "umount2", "sethostname", "setsid", "keyctl", "capset", "setresuid"].map(
      (call): [string, number] => [call, 1],
    ),
  ];
  for (const [call, n] of steps) {
    it(`leaves nothing behind and is reported: ${call} ${n}`, async () => {
      const { code, stdout, stderr } = await rig.run([...box, "c1", "echo", "ran"], {
        prefix: killedAt(rig.directory, call, n),
      });
      assert.deepEqual([code, stdout], [125, ""]);
      assert.match(stderr, /init ended before it ran the command: killed by SIGKILL/);
      assert.deepEqual(traces(rig.root), clean);
    });
  }
});

/** A cgroup in each hierarchy, and in that of version 2 one of all containers; the upper layer comes before these. */
const hierarchies = readFileSync("/proc/self/cgroup", "utf8").trim().split("\n").length;

describe("tinydocker killed at any step", () => {
  const steps: [string, number][] = [
    ...Array.from({ length: hierarchies + 2 }, (_, i): [string, number] => ["mkdir", i + 1]),
    ["clone3", 1],
    ["rmdir", hierarchies],
    ["rmdir", hierarchies + 1],
    ["openat2", 1],
    ["flock", 1],
    ["memfd_create", 2],
    ["waitid", 1],
    ["unlinkat", 1],
    ["rmdir", 1],
    ["rmdir", 2],
    ["unlink", 1],
  ];
  for (const [call, n] of steps) {
    it(`leaves nothing behind after the next start of any container: ${call} ${n}`, async () => {
      const killed = await rig.run([...box, "c1", "true"], { prefix: killedAt(rig.directory, call, n) });
      assert.equal(killed.signal, "SIGKILL", "it was killed there");
      const next = await rig.run([...box, "c2", "echo", "next"]);
      assert.deepEqual(next, { code: 0, signal: null, stdout: "next\n", stderr: "" });
      assert.deepEqual(traces(rig.root), clean);
    });
  }

  for (const name of ["c1", "c2"]) {
    it(`ends its container, and ${name === "c1" ? "the same name" : "another name"} can start at once`, async () => {
      const child = rig.spawn([...box, "c1", "sh", "-c", "echo $$ >/x; echo ready; exec sleep 1000"]);
      const ended = outcomeOf(child);
      await once(child.stdout as NodeJS.ReadableStream, "data");
      child.kill("SIGKILL");
      assert.deepEqual(await once(child, "exit"), [null, "SIGKILL"]);
      const { code, stdout } = await rig.run([...box, name, "sh", "-c", "ls /x 2>/dev/null | wc -l"]);
      assert.deepEqual([code, stdout], [0, "0\n"]);
      await ended;
      await rig.run([...box, "c3", "true"]);
      assert.deepEqual(traces(rig.root), clean);
    });
  }

  it("leaves no container that ps lists, as nobody has it and the next start removes the rest", async () => {
    const child = rig.spawn([...box, "c1", "sh", "-c", "echo ready; exec sleep 1000"]);
    const ended = outcomeOf(child);
    await once(child.stdout as NodeJS.ReadableStream, "data");
    const status = find(placesOf(rig.root, "c1"))?.status;
    child.kill("SIGKILL");
    await ended;
    if (status?.state === "running") await gone(status.process.pid);
    assert.deepEqual(await rig.run(["ps", "-aq"]), { code: 0, signal: null, stdout: "", stderr: "" });
    assert.match((await rig.run(["inspect", "c1"])).stderr, /there is no container.* c1\n/);
    await rig.run([...box, "c2", "true"]);
    assert.deepEqual(traces(rig.root), clean);
  });

  it("ends even a container that cleared its parent-death signal", async () => {
    const clear = ["setpriv", "--pdeathsig", "clear", "sh", "-c", "echo ready; exec sleep 1000"];
    const child = rig.spawn(["run", "c1", ...clear]);
    const ended = outcomeOf(child);
    await once(child.stdout as NodeJS.ReadableStream, "data");
    child.kill("SIGKILL");
    assert.deepEqual(await once(child, "exit"), [null, "SIGKILL"]);
    assert.equal((await rig.run([...box, "c2", "true"])).code, 0);
    // It has its output open as long as it lives.
    await ended;
    assert.deepEqual(traces(rig.root), clean);
  });
});

describe("what a killed run left and can't be removed", () => {
  it("does not stop other runs, which report it once, and is removed as soon as that is possible", async () => {
    const child = rig.spawn([...box, "c1", "sh", "-c", "echo ready; exec sleep 1000"]);
    const ended = outcomeOf(child);
    await once(child.stdout as NodeJS.ReadableStream, "data");
    child.kill("SIGKILL");
    assert.equal((await ended).signal, "SIGKILL");
    const busy = join(rig.root, "work/c1/busy");
    const mounted = 'mkdir -p "$0" && mount -t tmpfs busy "$0" && exec "$@"';
    const prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-c", mounted, busy];
    const other = await rig.run([...box, "c2", "echo", "ran"], { prefix });
    assert.deepEqual([other.code, other.stdout], [0, "ran\n"]);
    assert.match(
      other.stderr,
      /^tinydocker: warning: can't clean up what a killed run of the container c1 left: can't remove \S+: EBUSY.*\n {2}unmount .*\n$/,
    );
    const same = await rig.run([...box, "c1", "echo", "ran"], { prefix });
    assert.deepEqual([same.code, same.stdout], [125, ""]);
    assert.match(same.stderr, /^tinydocker: can't clean up what a killed run of the container c1 left: .*EBUSY/);
    assert.deepEqual(await rig.run([...box, "c1", "echo", "ran"]), {
      code: 0,
      signal: null,
      stdout: "ran\n",
      stderr: "",
    });
    assert.deepEqual(traces(rig.root), clean);
  });
});

describe("a name", () => {
  it("is refused to a second container while the first runs, and free after it", async () => {
    const first = rig.spawn([...box, "c1", "sh", "-c", "echo ready; read line"]);
    await once(first.stdout as NodeJS.ReadableStream, "data");
    const second = await rig.run([...box, "c1", "true"]);
    assert.equal(second.code, 125);
    assert.match(second.stderr, /c1 is in use by a running container/);
    assert.equal((await outcomeOf(first, "go\n")).code, 0);
    assert.equal((await rig.run([...box, "c1", "true"])).code, 0);
    assert.deepEqual(traces(rig.root), clean);
  });
});

/** Words that put the state directory on its own file system in a new mount namespace, and list what is left on it. */
function onFileSystem(mount: string): string[] {
  const script = `set -e; mkdir -p "$0"; ${mount}; set +e; "$@"; code=$?; ls -A "$0"/containers "$0"/work "$0"/locks >&2; exit $code`;
  return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, join(rig.directory, "small")];
}

describe("the state directory's file system", () => {
  const env = { TINYDOCKER_ROOT: join(rig.directory, "small") };

  for (const inodes of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) {
    it(`is reported as full, and left empty: room for ${inodes} files`, async () => {
      const prefix = onFileSystem(`mount -t tmpfs -o nr_inodes=${inodes} small "$0"`);
      const { code, stdout, stderr } = await rig.run(["run", "c1", "echo", "ran"], { prefix, env });
      assert.deepEqual([code, stdout], [125, ""]);
      assert.match(stderr, /(ENOSPC, no space left on device|EROFS, read-only file system)\n {2}free some space/);
      assert.doesNotMatch(stderr, /c1$/m);
    });
  }

  it("is reported as full, and left empty: no room for a single line", async () => {
    const prefix = onFileSystem('mount -t tmpfs -o size=4k small "$0"; echo full >"$0"/file');
    const { code, stderr } = await rig.run(["run", "c1", "echo", "ran"], { prefix, env });
    assert.equal(code, 125);
    assert.match(stderr, /ENOSPC, no space left on device\n {2}free some space/);
    assert.doesNotMatch(stderr, /c1$/m);
  });

  it("is replaced by memory where overlayfs can't use it", async () => {
    const overlay =
      'lower="$0".lower; mkdir -p "$lower" "$0".u "$0".w; mount -t overlay -o lowerdir="$lower",upperdir="$0".u,workdir="$0".w o "$0"';
    const script = "touch /new && echo x >>/etc/hosts && mount | head -1";
    const { code, stdout, stderr } = await rig.run(["run", "c1", "sh", "-c", script], {
      prefix: onFileSystem(overlay),
      env,
    });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /upperdir=\S*small\/memory\/upper/);
    assert.doesNotMatch(stderr, /c1$/m);
  });

  it("can have a name with every character that overlayfs interprets", async () => {
    const root = join(rig.directory, "a,b:c\\d e");
    const { code, stdout, stderr } = await rig.run(["run", "c1", "sh", "-c", "touch /new; echo ran"], {
      env: { TINYDOCKER_ROOT: root },
    });
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "ran\n", stderr: "" });
    assert.deepEqual(traces(root).state, []);
  });
});

describe("a file in the place of a directory of the state", () => {
  const root = join(rig.directory, "broken");
  const run = (...words: string[]) => rig.run(words, { env: { TINYDOCKER_ROOT: root, TINYDOCKER_NETWORK: "none" } });
  const named = () => readdirSync(root, { recursive: true }).filter((path) => basename(String(path)) === "c1");
  const STARTS = [
    ["run", "c1", "true"],
    ["run", "-d", "c1", "true"],
    ["run", "-d", "--rm", "c1", "true"],
  ];

  for (const part of ["containers", "work", "monitors"])
    it(`is named, and nothing is left half-made: ${part}`, async () => {
      assert.equal((await run("run", "first", "true")).code, 0);
      rmSync(join(root, part), { recursive: true, force: true });
      writeFileSync(join(root, part), "");
      // One that does not stay has no monitor.
      for (const words of part === "monitors" ? STARTS.slice(1) : STARTS) {
        const { code, stdout, stderr } = await run(...words);
        assert.deepEqual([code, stdout], [125, ""], words.join(" "));
        assert.match(stderr, new RegExp(`^tinydocker: [^\\n]*${join(root, part)}`));
        assert.deepEqual(named(), [], words.join(" "));
      }
      assert.equal((await run("create", "c1", "true")).code, 0);
      assert.equal((await run("start", "c1")).code, 125);
      assert.equal((await run("ps", "-a", "--format", "{{.Names}} {{.Status}}")).stdout, "c1 Created\n");
      assert.equal((await run("rm", "c1")).code, 0);
      assert.deepEqual(named(), []);
      rmSync(join(root, part));
    });
});
