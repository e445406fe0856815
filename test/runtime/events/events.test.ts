import assert from "node:assert/strict";
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { traces } from "../../rig/leaks.ts";
import { gone, kill, written } from "../../rig/processes.ts";
import { DETACH, detachedRig, processIn, TRAPPED } from "../container/detached-rig.ts";
import { killedAt } from "../killed-at.ts";

const rig = await detachedRig({ after });
const { succeeds, detach, journal } = rig;

/** What there is of these containers, which have no network; other tests' networks come and go. */
function left() {
  const { links: _links, rules: _rules, ...own } = traces(rig.root);
  return own;
}

const clean = left();

afterEach(async () => {
  await rig.run(["rm", "-f", "c1", "c2"]);
  assert.deepEqual(left(), clean);
});

/** What happened since then, by a template. */
async function since(moment: number, ...words: string[]): Promise<string[]> {
  const format =
    "{{.Type}} {{.Action}} {{with .Actor.Attributes.name}}{{.}}{{end}}{{with .Actor.Attributes.exitCode}} {{.}}{{end}}";
  const printed = await succeeds("events", "--since", seconds(moment), "--until", "0s", "--format", format, ...words);
  return printed.split("\n").filter(Boolean);
}

function seconds(moment: number): string {
  return (moment / 1000).toFixed(3);
}

describe("tinydocker events", () => {
  it("tells the whole life of a container, whatever changes it, under the name that it has", async () => {
    const begin = Date.now();
    await detach("--restart", "on-failure:1", "c1", ...TRAPPED);
    await succeeds("pause", "c1");
    await succeeds("unpause", "c1");
    await succeeds("rename", "c1", "c2");
    await succeeds("stop", "c2");
    await succeeds("start", "c2");
    await succeeds("restart", "c2");
    await succeeds("commit", "c2", "some/image");
    await succeeds("rm", "-f", "c2");
    assert.deepEqual(await since(begin, "--filter", "type=container"), [
      "container create c1",
      "container start c1",
      "container pause c1",
      "container unpause c1",
      "container rename c2",
      "container kill c2",
      "container die c2 3",
      "container stop c2",
      "container start c2",
      "container kill c2",
      "container die c2 3",
      "container stop c2",
      "container start c2",
      "container restart c2",
      "container pause c2",
      "container commit c2",
      "container unpause c2",
      "container kill c2",
      "container die c2 137",
      "container destroy c2",
    ]);
    await succeeds("rmi", "some/image");
    await succeeds("image", "import", "again", join(rig.directory, "rootfs"));
    await succeeds("image", "rm", "again");
    assert.deepEqual(await since(begin, "--filter", "image=again"), ["image import again", "image delete again"]);
    assert.equal((await since(begin, "--filter", "container=c", "--filter", "event=create")).length, 1);
    for (const image of ["some/image", "some/image:latest"])
      assert.deepEqual(await since(begin, "--filter", `image=${image}`), [
        "image untag some/image:latest",
        "image delete some/image:latest",
      ]);
  });

  it("tells of commands in a container, who attached to it, copies, and its health", async () => {
    const begin = Date.now();
    const health = ["--health-cmd", "test -e /well", "--health-interval", "1s", "--health-retries", "1"];
    await detach("-i", ...health, "c1", "sh", "-c", "read line; exit 0");
    await succeeds("exec", "c1", "sh", "-c", "exit 0");
    assert.equal((await rig.run(["exec", "c1", "sh", "-c", "exit 5"])).code, 5);
    assert.equal((await rig.run(["exec", "c1", "nosuch"])).code, 127);
    await succeeds("cp", "c1:/etc/script", join(rig.directory, "copied"));
    await succeeds("cp", join(rig.directory, "copied"), "c1:/copied");
    await succeeds("top", "c1");
    const changes = rig.spawn([
      "events",
      "--since",
      seconds(begin),
      "-f",
      "event=health_status",
      "--format",
      "{{.Action}}",
    ]);
    let said = "";
    let heard = () => {};
    changes.stdout?.on("data", (bytes) => {
      said += bytes;
      heard();
    });
    const says = (text: string) =>
      new Promise<void>((resolve) => {
        heard = () => said.endsWith(text) && resolve();
        heard();
      });
    await says("health_status: unhealthy\n");
    await succeeds("exec", "c1", "touch", "/well");
    await says("health_status: healthy\n");
    changes.kill();
    assert.equal(said, "health_status: unhealthy\nhealth_status: healthy\n");
    assert.equal((await rig.run(["attach", "c1"], { input: "\n" })).code, 0);
    const told = (
      await since(begin, "-f", "event=exec_create", "-f", "event=exec_start", "-f", "event=exec_die")
    ).filter((one) => !one.includes("touch") && !one.endsWith(" 0"));
    assert.deepEqual(told, [
      "container exec_create: sh -c exit 0 c1",
      "container exec_start: sh -c exit 0 c1",
      "container exec_create: sh -c exit 5 c1",
      "container exec_start: sh -c exit 5 c1",
      "container exec_die c1 5",
      "container exec_create: nosuch c1",
      "container exec_start: nosuch c1",
      "container exec_die c1 127",
    ]);
    const others = ["archive-path", "extract-to-dir", "top", "attach"].flatMap((one) => ["-f", `event=${one}`]);
    assert.deepEqual(await since(begin, ...others), [
      "container archive-path c1",
      "container extract-to-dir c1",
      "container top c1",
      "container attach c1",
    ]);
  });

  it("tells how a command ended that exec left in a container, and that has been reaped, whoever is pid 1 there", async () => {
    await detach("c1", "sleep", "1000");
    await succeeds("exec", "-d", "c1", "sh", "-c", "exit 7");
    await written(join(rig.root, "events"), /"exec_die".*"exitCode":"7"/);
    assert.doesNotMatch(await succeeds("exec", "c1", "sh", "-c", "cat /proc/[0-9]*/stat"), /\) Z /);
    await succeeds("exec", "-d", "c1", "sleep", "1000");
    await succeeds("rm", "-f", "c1");
    await written(join(rig.root, "events"), /"exec_die".*"exitCode":"137"/);
  });

  it("tells of containers in the foreground, volumes, and what a monitor starts again", async () => {
    const begin = Date.now();
    await succeeds("run", "--image", "box", "--network", "none", "-v", "data:/data", "c1", "true");
    await succeeds("volume", "rm", "data");
    await detach("--restart", "on-failure:1", "c1", "sh", "-c", "exit 4");
    await gone(journal("c1").monitor?.pid ?? 0);
    const life = ["container start c1", "container die c1 4"];
    assert.deepEqual(await since(begin), [
      "container create c1",
      "volume create ",
      "container start c1",
      "container die c1 0",
      "container destroy c1",
      "volume destroy ",
      "container create c1",
      ...life,
      ...life,
    ]);
  });

  it("prints them as they happen, filtered, as lines, by a template or as JSON", async () => {
    const follower = rig.spawn(["events", "--json", "-f", "container=c1", "-f", "event=die", "-f", "event=create"]);
    let json = "";
    follower.stdout?.on("data", (bytes) => {
      json += bytes;
    });
    // It may not watch yet, or only since one of the two.
    while (json.split("\n").length < 3)
      await succeeds("run", "--image", "box", "--network", "none", "c1", "sh", "-c", "exit 0");
    follower.kill();
    await new Promise((resolve) => follower.once("close", resolve));
    const first = JSON.parse(json.slice(0, json.indexOf("\n")));
    assert.match(json, /"timeNano":\d{19}}\n/);
    assert.deepEqual([first.Type, first.from, first.Actor.Attributes.name], ["container", "box", "c1"]);
    const line = await succeeds(
      "events",
      "--since",
      "1h",
      "--until",
      "0s",
      "-f",
      "event=destroy",
      "-f",
      "container=c1",
    );
    assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]{18}Z container destroy [0-9a-f]{64} \(.*image=box, name=c1\)$/m);
  });

  it("refuses a filter, a moment and an argument that mean nothing", async () => {
    for (const [words, message] of [
      [["-f", "colour=red"], /--filter does not know "colour"/],
      [["-f", "die"], /--filter does not know "die"/],
      [["--since", "yesterday"], /--since takes a duration/],
      [["c1"], /unknown argument c1/],
      [["--format", "{{"], /template/],
    ] as const) {
      const { code, stderr } = await rig.run(["events", "--until", "0s", ...words]);
      assert.deepEqual([code, message.test(stderr)], [125, true], stderr);
    }
  });

  it("goes on behind a line that a full disk cut short, and forgets the older half of a long log", async () => {
    const begin = Date.now();
    const log = join(rig.root, "events");
    appendFileSync(log, '{"time":1,"type":"contai');
    await succeeds("volume", "create", "v1");
    assert.deepEqual(await since(begin), ["volume create "]);
    writeFileSync(log, `${" ".repeat(1 << 20)}\n`.repeat(5), { flag: "a" });
    await succeeds("volume", "rm", "v1");
    assert.ok(existsSync(`${log}.1`));
    await succeeds("volume", "create", "v1");
    await succeeds("volume", "rm", "v1");
    assert.deepEqual(
      await since(begin),
      ["create", "destroy", "create", "destroy"].map((word) => `volume ${word} `),
    );
  });
});

describe("no event is lost that a record shows, where kill -9 ends", () => {
  it("a monitor", async () => {
    const begin = Date.now();
    await detach("c1", ...TRAPPED);
    const found = journal("c1");
    kill(found.monitor?.pid ?? 0);
    await gone(processIn(found));
    await succeeds("rm", "c1");
    const [, , , ...rest] = await since(begin);
    assert.deepEqual(
      [...(await since(begin)).slice(0, 3), ...rest],
      ["container create c1", "container start c1", "container die c1", "container destroy c1"],
    );
  });

  for (const [call, n] of [
    ["fsync", 1],
    ["rename", 1],
    ["memfd_create", 2],
  ] as const)
    it(`its starter at ${call} ${n}`, async () => {
      const begin = Date.now();
      await rig.run([...DETACH, "c1", "sleep", "0.2"], { prefix: killedAt(rig.directory, call, n) });
      // Which undoes what it left.
      await succeeds("run", "--image", "box", "--network", "none", "c2", "true");
      const { code } = await rig.run(["inspect", "c1"]);
      const events = await since(begin);
      assert.equal(events[0], "container create c1");
      if (code === 0) assert.ok(!events.includes("container destroy c1"));
    });

  it("its removal", async () => {
    const begin = Date.now();
    await succeeds("create", "--image", "box", "--network", "none", "c1", "true");
    const { signal } = await rig.run(["rm", "c1"], { prefix: killedAt(rig.directory, "unlink", 1) });
    assert.equal(signal, "SIGKILL");
    await rig.run(["rm", "c1"]);
    assert.deepEqual((await since(begin)).slice(0, 2), ["container create c1", "container destroy c1"]);
  });
});
