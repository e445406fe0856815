import assert from "node:assert/strict";
import { after, afterEach, describe, it } from "node:test";
import { traces } from "../../rig/leaks.ts";
import { machine } from "../../rig/machine.ts";
import { gone, kill } from "../../rig/processes.ts";
import { killedAt } from "../killed-at.ts";
import { detachedRig, processIn, TRAPPED } from "./detached-rig.ts";

const rig = await detachedRig({ after });
const here = await machine({ after });
const { succeeds, detach, statusOf, journal } = rig;
const clean = traces(rig.root);
/** Waits to be killed, and the second time ends by itself. */
const TWICE = ["sh", "-c", "test -e /was && echo second && exit; touch /was; echo first; exec sleep 1000"];

/** A failed test's leftovers would make the later ones fail. */
afterEach(async () => {
  await rig.run(["rm", "-f", "old", "new", "third"], { prefix: here.prefix });
  assert.deepEqual(traces(rig.root), clean);
});

async function names(): Promise<string[]> {
  return (await succeeds("ps", "-a", "--format", "{{.Names}}")).split("\n").filter(Boolean).sort();
}

describe("tinydocker rename", () => {
  it("gives a container that runs another name, by which every command finds it, and its monitor starts it again", async () => {
    const id = (await detach("--restart", "on-failure", "old", ...TWICE)).trim();
    await succeeds("rename", "old", "new");
    assert.deepEqual(await names(), ["new"]);
    assert.match((await rig.run(["logs", "old"])).stderr, /there is no container old/);
    assert.equal(await succeeds("inspect", "-f", "{{.Name}} {{.Id}}", "new"), `/new ${id}\n`);
    assert.equal(await succeeds("exec", "new", "hostname"), "old\n");
    const found = journal("old");
    kill(processIn(found));
    await gone(found.monitor?.pid ?? 0);
    assert.equal(await succeeds("logs", "new"), "first\nsecond\n");
    assert.equal(await succeeds("inspect", "-f", "{{.State.ExitCode}} {{.RestartCount}}", "new"), "0 1\n");
    await succeeds("start", "new");
    await succeeds("wait", "new");
    assert.match(await succeeds("logs", "new"), /second\nsecond\n$/);
    await succeeds("rename", "new", "old");
    assert.deepEqual(await names(), ["old"]);
  });

  it("frees the old name for another container, which shares nothing with the first", async () => {
    await succeeds("create", "--image", "box", "--network", "none", "old", "sh", "-c", "cat /file; echo one >/file");
    await succeeds("rename", "old", "new");
    await succeeds("start", "new");
    await succeeds("wait", "new");
    await detach("old", ...TRAPPED);
    assert.deepEqual(await names(), ["new", "old"]);
    await succeeds("rename", "old", "third");
    await detach("old", ...TRAPPED);
    await succeeds("rm", "-f", "third");
    assert.deepEqual(await names(), ["new", "old"]);
    assert.match(await succeeds("diff", "new"), /^A \/file$/m);
    assert.doesNotMatch(await succeeds("diff", "old"), /file/);
    await succeeds("rm", "new");
    assert.equal(await statusOf("old"), "Up");
    assert.equal(await succeeds("exec", "old", "echo", "here"), "here\n");
  });

  it("renames one that is removed at its exit, in the foreground or not", async () => {
    const child = rig.spawn(["run", "--image", "box", "--network", "none", "-i", "old", "sh", "-c", "echo up; read x"]);
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    await succeeds("rename", "old", "new");
    assert.deepEqual(await names(), ["new"]);
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.stdin?.end("\n");
    assert.equal(await ended, 0);
    assert.deepEqual(await names(), []);
    await detach("--rm", "old", ...TRAPPED);
    await succeeds("rename", "old", "new");
    await succeeds("stop", "new");
    assert.deepEqual(await names(), []);
  });

  it("refuses a name that is in use, invalid or the same, and a container that does not exist", async () => {
    await succeeds("create", "--image", "box", "--network", "none", "old", "true");
    await detach("new", ...TRAPPED);
    for (const [words, message] of [
      [["old", "new"], /the name new is in use by a running container/],
      [["new", "old"], /the name old is in use by a container that was kept/],
      [["old", "old"], /has the name old already/],
      [["old", "a/b"], /"a\/b" can't be the name of a container/],
      [["third", "fourth"], /there is no container third/],
      [["old"], /rename takes the name of a container and its new one/],
    ] as const) {
      const { code, stderr } = await rig.run(["rename", ...words]);
      assert.deepEqual([code, message.test(stderr)], [125, true], stderr);
    }
    assert.deepEqual(await names(), ["new", "old"]);
  });

  it("tells the other containers of its networks", async () => {
    const options = { prefix: here.prefix, env: { TINYDOCKER_NETWORK: "" } };
    const run = async (...words: string[]) => {
      const { code, stdout, stderr } = await rig.run(words, options);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    await run("network", "create", "net");
    for (const name of ["old", "third"]) await run("run", "-d", "--image", "box", "--network", "net", name, ...TRAPPED);
    await run("rename", "/old", "/new");
    const address = (await run("exec", "new", "hostname", "-i")).trim();
    assert.match(await run("exec", "third", "cat", "/etc/hosts"), new RegExp(`^${address}\tnew$`, "m"));
    assert.match(await run("exec", "new", "cat", "/etc/hosts"), new RegExp(`^${address}\told new$`, "m"));
    assert.match(await run("network", "ls"), /net .* new,third$/m);
    await run("restart", "-t", "0", "new");
    assert.match(await run("exec", "third", "cat", "/etc/hosts"), /\tnew$/m);
    await run("run", "-d", "--image", "box", "--network", "net", "old", ...TRAPPED);
    for (const name of ["old", "new"])
      assert.equal(
        await run("inspect", "-f", "{{.NetworkSettings.Networks.net.IPAddress}}", name),
        await run("exec", name, "hostname", "-i"),
        name,
      );
    await run("rm", "-f", "old", "new", "third");
    await run("network", "rm", "net");
  });

  for (const [call, n] of [
    ["flock", 1],
    ["symlink", 1],
    ["rename", 1],
    ["unlink", 1],
  ] as const) {
    it(`leaves one name, and the container whole, where kill -9 ends it at ${call} ${n}`, async () => {
      await detach("old", ...TRAPPED);
      const { signal } = await rig.run(["rename", "old", "new"], { prefix: killedAt(rig.directory, call, n) });
      assert.equal(signal, "SIGKILL");
      const [name = "", ...more] = await names();
      assert.deepEqual([["old", "new"].includes(name), more], [true, []]);
      assert.equal(await statusOf(name), "Up");
      const other = name === "old" ? "new" : "old";
      await detach(other, ...TRAPPED);
      await succeeds("rm", "-f", name);
      assert.deepEqual(await names(), [other]);
    });
  }
});
