import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, afterEach, describe, it } from "node:test";
import { written } from "../../rig/processes.ts";
import { outcomeOf } from "../../rig/tinydocker.ts";
import { terminals } from "../commands/terminals.ts";
import { detachedRig } from "./detached-rig.ts";

const rig = await detachedRig({ after });
const { succeeds, detach, left, clean } = rig;

afterEach(async () => {
  await rig.run(["rm", "-f", "d1"]);
  assert.deepEqual(left(), clean);
});

const COUNT = 'i=0; while [ $i -lt 4000 ]; do echo "line $i of the container"; i=$((i+1)); done';

describe("logs", () => {
  it("have every byte of both streams, each where it belongs, also of lines that do not end", async () => {
    await detach("d1", "sh", "-c", "printf 'a\\000b\\nno end'; sleep 0.1; printf 'err\\n' >&2");
    await succeeds("wait", "d1");
    assert.deepEqual(await rig.run(["logs", "d1"]), { code: 0, signal: null, stdout: "a\0b\nno end", stderr: "err\n" });
  });

  it("are not kept with --log-driver none, and who attaches sees what is printed", async () => {
    await succeeds("create", "--log-driver", "none", "--image", "box", "d1", "sh", "-c", COUNT);
    assert.match(await succeeds("start", "-a", "d1"), /^line 0 of .*\n(?:line .*\n)*line 3999 of the container\n$/);
    const { code, stdout, stderr } = await rig.run(["logs", "d1"]);
    assert.deepEqual([code, stdout], [125, ""]);
    assert.match(stderr, /the output of the container d1 is not kept: .*--log-driver none\n {2}tinydocker attach d1/);
    assert.equal(readFileSync(join(rig.root, "monitors/d1/log"), "utf8"), "");
    assert.equal(await succeeds("inspect", "-f", "{{.HostConfig.LogConfig.Type}}", "d1"), "none\n");
  });

  it("are read from all files of a log that was rotated, and only the last lines where so many are wanted", async () => {
    await detach(
      "--log-opt",
      "max-size=64k",
      "--log-opt",
      "max-file=3",
      "d1",
      "sh",
      "-c",
      `${COUNT}; printf 'the end'`,
    );
    await succeeds("wait", "d1");
    const files = readdirSync(join(rig.root, "monitors/d1")).filter((name) => name.startsWith("log"));
    assert.deepEqual(files.sort(), ["log", "log.1", "log.2"]);
    const lines = (await succeeds("logs", "d1")).split("\n");
    const first = Number(/^line (\d+) /.exec(lines[0] ?? "")?.[1]);
    assert.ok(first > 0, "the oldest lines are gone");
    const expected = Array.from({ length: 4000 - first }, (_, i) => `line ${first + i} of the container`);
    assert.deepEqual(lines, [...expected, "the end"]);
    assert.equal(await succeeds("logs", "-n", "1", "d1"), "the end");
    assert.equal(await succeeds("logs", "-n", "2", "d1"), "line 3999 of the container\nthe end");
    assert.equal(await succeeds("logs", "--tail", "0", "d1"), "");
  });

  it("are read from the end on where only the last lines are wanted, however long these are", async () => {
    const long = "printf '%040000d\\n' 0";
    await detach(
      "--log-opt",
      "max-size=700k",
      "d1",
      "sh",
      "-c",
      `${COUNT}; ${long}; ${COUNT}; ${COUNT}; ${long}; ${COUNT}`,
    );
    await succeeds("wait", "d1");
    const lines = (await succeeds("logs", "d1")).split(/(?<=\n)/);
    assert.equal(lines.length, 16_002);
    for (const count of [1, 3999, 4000, 4001, 9000, 12_001, 12_002, 16_001, 16_002, 20_000])
      assert.ok((await succeeds("logs", "--tail", `${count}`, "d1")) === lines.slice(-count).join(""), `${count}`);
    assert.equal(await succeeds("logs", "-f", "-n", "1", "--since", "1h", "d1"), lines.at(-1));
  });

  it("that have no end count as lines, whatever the other stream has after them", async () => {
    await detach("d1", "sh", "-c", "echo a; printf b; while [ ! -e /go ]; do sleep 0.1; done; echo c >&2");
    const follow = rig.spawn(["logs", "-f", "d1"]);
    for await (const chunk of follow.stdout ?? []) if (String(chunk).includes("b")) break;
    follow.kill();
    await succeeds("exec", "d1", "touch", "/go");
    await succeeds("wait", "d1");
    for (const [count, printed] of [
      ["1", ["", "c\n"]],
      ["2", ["b", "c\n"]],
      ["3", ["a\nb", "c\n"]],
    ] as const) {
      const { stdout, stderr } = await rig.run(["logs", "--tail", count, "d1"]);
      assert.deepEqual([stdout, stderr], printed, count);
    }
  });

  it("that are followed end with the container, over rotations", async () => {
    await detach(
      "--log-opt",
      "max-size=64k",
      "--log-opt",
      "max-file=100",
      "d1",
      "sh",
      "-c",
      `${COUNT}; ${COUNT}; echo last`,
    );
    const stdout = await succeeds("logs", "-f", "d1");
    const lines = stdout.split("\n");
    assert.deepEqual(
      [lines.length, lines[0], lines[4000], lines[8000]],
      [8002, "line 0 of the container", "line 0 of the container", "last"],
    );
  });

  it("that are followed until a time end then, although the container goes on", async () => {
    await detach("d1", "sh", "-c", "echo first; sleep 1000");
    await succeeds("logs", "-f", "--until", "-1s", "d1");
    assert.equal(await succeeds("logs", "-f", "d1", "--until", "-0.2s"), "first\n");
    assert.equal(await succeeds("logs", "-f", "--until", "1h", "d1"), "");
    assert.equal(await rig.statusOf("d1"), "Up");
  });

  it("that somebody empties are followed from their new beginning", async () => {
    await detach("d1", "sh", "-c", "trap 'echo again' USR1; echo a first line; while :; do sleep 1000 & wait; done");
    const following = rig.spawn(["logs", "-f", "d1"]);
    const nextText = () =>
      new Promise<string>((resolve) => following.stdout?.once("data", (text) => resolve(`${text}`)));
    assert.equal(await nextText(), "a first line\n");
    truncateSync((await succeeds("inspect", "-f", "{{.LogPath}}", "d1")).trim());
    const next = nextText();
    await succeeds("kill", "-s", "USR1", "d1");
    assert.equal(await next, "again\n");
    assert.equal(await succeeds("logs", "d1"), "again\n");
    following.kill();
  });

  it("are selected by time", async () => {
    await detach("d1", "echo", "now");
    await succeeds("wait", "d1");
    assert.equal(await succeeds("logs", "--since", "10m", "d1"), "now\n");
    assert.equal(await succeeds("logs", "--until", "10m", "d1"), "");
    assert.match(await succeeds("logs", "-t", "d1"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z now\n$/);
  });

  it("that can't be stored do not hold the container up, and it is said what is missing", async () => {
    const small = join(rig.directory, "small");
    const script = `set -e; mkdir -p "$0"; mount -t tmpfs -o size=300k small "$0"; set +e
      "$@"; until [ -e "$0"/monitors/d1/exit ]; do :; done; cat "$0"/monitors/d1/exit; grep -c 'stdout F line' "$0"/monitors/d1/log`;
    const prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, small];
    const command = ["sh", "-c", `${COUNT}; ${COUNT}; ${COUNT}`];
    const { stdout, stderr } = await rig.run(["run", "-d", "--network", "none", "d1", ...command], {
      prefix,
      env: { TINYDOCKER_ROOT: small },
    });
    assert.match(stdout, /"code":0,/, stderr);
    assert.ok(Number(stdout.trim().split("\n").at(-1)) > 1000);
  });
});

describe("a command that prints on and on", () => {
  for (const words of [
    ["logs", "-f", "d1"],
    ["attach", "d1"],
    ["start", "-a", "d1"],
    ["events", "--since", "0"],
  ]) {
    it(`ends as by SIGPIPE once nobody reads what it prints: ${words[0]}`, async () => {
      await detach("d1", "sh", "-c", "while :; do echo again; sleep 0.1; done");
      const child = rig.spawn(words, { stdio: ["ignore", "pipe", "pipe"] });
      const [ended, said] = [once(child, "exit"), text(child.stderr as NodeJS.ReadableStream)];
      await once(child.stdout as NodeJS.ReadableStream, "data");
      child.stdout?.destroy();
      await succeeds("kill", "-s", "CONT", "d1"); // an event
      assert.deepEqual([await ended, await said], [[141, null], ""]);
    });
  }
});

describe("attach", () => {
  it("shows what is printed from then on, passes input on, and ends as the container does", async () => {
    await detach("-i", "d1", "sh", "-c", "echo before; read line; echo got $line; echo err >&2; exit 7");
    const child = rig.spawn(["attach", "d1"]);
    const { code, stdout, stderr } = await outcomeOf(child, "typed\n");
    assert.deepEqual([code, stdout, stderr], [7, "got typed\n", "err\n"]);
  });

  it("whose reader is stopped holds the container up for a moment only", async () => {
    await detach("-i", "d1", "sh", "-c", "read line; dd if=/dev/zero bs=65536 count=1000 2>/dev/null; echo done >&2");
    const child = rig.spawn(["attach", "d1"]);
    child.stdin?.write("go\n");
    await once(child.stdout as NodeJS.ReadableStream, "data");
    child.kill("SIGSTOP");
    assert.equal(await succeeds("wait", "d1"), "0\n");
    child.kill("SIGCONT");
    child.stdout?.resume();
    child.stdin?.end();
    const { code, stderr } = await outcomeOf(child);
    assert.equal(code, 125);
    assert.match(stderr, /faster than it was read here/);
  });

  it("goes on, and the container, where others who attached are killed while it prints", async () => {
    await detach("d1", "sh", "-c", "while :; do echo line; done");
    const attached = Array.from({ length: 3 }, () => rig.spawn(["attach", "d1"]));
    for (const { stdout } of attached) await once(stdout?.resume() ?? assert.fail(), "data");
    const [stays, ...others] = attached;
    const monitor = rig.journal("d1").monitor?.pid ?? assert.fail();
    // It sees both at once: that there is more to pass on, and that they are gone.
    process.kill(monitor, "SIGSTOP");
    for (const other of others) {
      other.kill("SIGKILL");
      await once(other, "exit");
    }
    process.kill(monitor, "SIGCONT");
    const ended = once(stays ?? assert.fail(), "exit");
    await succeeds("kill", "d1");
    const [code] = await ended;
    assert.equal(code, 137);
    assert.equal(await succeeds("wait", "d1"), "137\n");
  });

  it("is refused where there is nothing to attach to", async () => {
    await detach("d1", "true");
    await succeeds("wait", "d1");
    const { code, stderr } = await rig.run(["attach", "d1"]);
    assert.deepEqual([code, stderr], [125, "tinydocker: the container d1 is not running: it is stopped\n"]);
    assert.ok(!existsSync(join(rig.root, "monitors/d1/attach")));
  });
});

describe("start -a", () => {
  const create = (...words: string[]) => succeeds("create", "--image", "box", "--network", "none", ...words);

  it("shows all that is printed from the first byte on, also at a further start, and ends with its exit code", async () => {
    await create("d1", "sh", "-c", "echo out; echo err >&2; exit 7");
    for (const option of ["-a", "--attach", "-i"]) {
      const { code, stdout, stderr } = await rig.run(["start", option, "d1"]);
      assert.deepEqual([code, stdout, stderr], [7, "out\n", "err\n"]);
    }
    assert.equal((await rig.run(["logs", "d1"])).stdout, "out\n".repeat(3));
  });

  it("passes input on with -i, and signals, and attaches to one that runs", async () => {
    const script =
      "trap 'echo caught; exit 9' HUP; echo up; read line; echo got $line; while :; do sleep 1000 & wait; done";
    await create("-i", "d1", "sh", "-c", script);
    const first = rig.spawn(["start", "-a", "d1"]);
    const ended = outcomeOf(first);
    await once(first.stdout as NodeJS.ReadableStream, "data");
    const second = rig.spawn(["start", "-a", "-i", "d1"]);
    const typing = outcomeOf(second, "typed\n");
    await once(second.stdout as NodeJS.ReadableStream, "data");
    second.kill("SIGHUP");
    assert.deepEqual(await typing, { code: 9, signal: null, stdout: "got typed\ncaught\n", stderr: "" });
    assert.deepEqual(await ended, { code: 9, signal: null, stdout: "up\ngot typed\ncaught\n", stderr: "" });
  });

  it("gives a terminal the size of the caller's, and what is typed before it is there", async () => {
    await create("-it", "d1", "sh", "-c", "read line; stty size; echo $line; exit 4");
    const person = terminals(rig, { after })(["start", "-ai", "d1"]);
    person.type("typed\r");
    await person.shows("24 80");
    await person.shows("typed");
    assert.equal((await person.ended).code, 4);
    const { code, stderr } = await rig.run(["start", "-ai", "d1"]);
    assert.equal(code, 125);
    assert.match(
      stderr,
      /the container d1 has a terminal, and standard input is not one\n {2}start -a without -i only/,
    );
  });

  it("follows the size of the caller's terminal, and leaves the container alone when that is closed, as attach does", async () => {
    const atTerminal = terminals(rig, { after });
    await create("-it", "d1", "sh");
    for (const verb of [["start", "-ai"], ["attach"]]) {
      const person = atTerminal([...verb, "d1"]);
      person.type("stty size\r");
      await person.shows("24 80");
      person.child.kill("SIGUSR1");
      person.type("until stty size | grep '50 132'; do :; done\r");
      await person.shows("\n50 132");
      person.child.kill("SIGKILL");
      await person.ended;
      assert.equal(await succeeds("inspect", "-f", "{{.State.Status}}", "d1"), "running\n");
    }
  });

  it("leaves one without a terminal alone, too, when the terminal here is closed", async () => {
    await create("-i", "d1", "sh", "-c", "echo up; exec sleep 1000");
    const person = terminals(rig, { after })(["start", "-a", "d1"]);
    await person.shows("up");
    person.child.kill("SIGKILL");
    await written(join(rig.root, "events"), /"detach"/);
    assert.equal(await succeeds("inspect", "-f", "{{.State.Status}}", "d1"), "running\n");
  });

  it("that fails says why, with docker's exit code, and takes one container only", async () => {
    await create("d1", "nosuch");
    const { code, stdout, stderr } = await rig.run(["start", "-a", "d1"]);
    assert.deepEqual([code, stdout], [127, ""]);
    assert.match(stderr, /there is no command nosuch/);
    const several = await rig.run(["start", "-a", "d1", "d2"]);
    assert.equal(several.code, 125);
    assert.match(several.stderr, /start -a and -i take one container\n/);
  });
});
