import assert from "node:assert/strict";
import { arch, hostname, release } from "node:os";
import { after, describe, it } from "node:test";
import { detachedRig, TRAPPED } from "../container/detached-rig.ts";
import { terminals } from "./terminals.ts";

// Before the rig's own, which removes the state directory.
after(async () => {
  await rig.run(["rm", "-f", "web", "made"]);
});
const rig = await detachedRig({ after });
const { succeeds, detach } = rig;

const lines = (text: string) => text.trim().split("\n");

describe("info", () => {
  it("counts containers and images and says what machine this is, with docker's words and fields", async () => {
    await detach("web", ...TRAPPED);
    await succeeds("create", "--image", "box", "--network", "none", "made", "true");
    const said = lines(await succeeds("info"));
    assert.deepEqual(said.slice(0, 5), ["Containers: 2", " Running: 1", " Paused: 0", " Stopped: 1", "Images: 1"]);
    for (const line of [`Kernel Version: ${release()}`, `Name: ${hostname()}`, `Docker Root Dir: ${rig.root}`])
      assert.ok(said.includes(line), line);
    await succeeds("pause", "web");
    const format = "{{.ContainersRunning}} {{.ContainersPaused}} {{.Driver}} {{.Swarm.LocalNodeState}}";
    assert.equal(await succeeds("system", "info", "-f", format), "0 1 overlay2 inactive\n");
    assert.equal(JSON.parse(await succeeds("info", "--format", "json")).OSType, "linux");
    await succeeds("unpause", "web");
  });

  it("works where there is nothing yet", async () => {
    const env = { TINYDOCKER_ROOT: `${rig.directory}/none` };
    for (const words of [["info"], ["system", "df"]]) assert.equal((await rig.run(words, { env })).code, 0);
  });
});

describe("system df", () => {
  it("says what images, containers and volumes take, and what is free to go, each layer once", async () => {
    await succeeds("exec", "web", "sh", "-c", "printf 12345 >/five");
    await succeeds("export", "-o", `${rig.directory}/web.tar`, "web");
    for (const name of ["one:1", "two:1"]) await succeeds("import", "-m", name, `${rig.directory}/web.tar`, name);
    await succeeds("create", "--network", "none", "--name", "of-one", "-v", "data:/srv", "one:1", "true");
    await succeeds("volume", "create", "spare");
    const columns = "{{.Type}}: {{.TotalCount}} {{.Active}}";
    assert.deepEqual(lines(await succeeds("system", "df", "--format", columns)), [
      "Images: 3 3",
      "Containers: 3 1",
      "Local Volumes: 2 1",
      "Build Cache: 0 0",
    ]);
    const tables = await succeeds("system", "df", "-v");
    assert.match(tables, /^two +1 +\w{12} +.* ago +([\d.]+MB) +\1 +0B +0$/m);
    assert.match(tables, /^one +1 +\w{12} +.* ago +([\d.]+MB) +\1 +0B +1$/m);
    assert.match(tables, /^box +- +box +.* +([\d.]+MB) +0B +\1 +2$/m);
    assert.match(tables, /^CONTAINER ID .*\n\w{12} +one:1 +"true" +1 +0B .* of-one\n/m);
    assert.match(tables, /^\w{12} +box +"sh -c 'trap 'exit 3…" +0 +5B .* web$/m);
    assert.match(tables, /^VOLUME NAME +LINKS +SIZE\ndata +1 +0B\nspare +0 +0B\n\nBuild cache usage: 0B\n\nCACHE ID/m);
    await succeeds("rm", "of-one");
    const [head = "", images = "", containers] = lines(await succeeds("system", "df"));
    assert.match(head, /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE$/);
    // The two have one layer, of the files that box has and five bytes more.
    assert.match(images, /^Images +3 +1 +[\d.]+MB +[\d.]+MB \(50%\)$/);
    assert.match(containers ?? "", /^Containers +2 +1 +5B +0B \(0%\)$/);
    const both = ["system", "df", "-v", "--format", "json"];
    assert.match((await rig.run(both)).stderr, /--verbose prints tables, and takes no --format\n {2}tinydocker images/);
    await succeeds("rmi", "one:1", "two:1");
    await succeeds("volume", "rm", "spare", "data");
  });
});

describe("prune", () => {
  it("asks a person on a terminal first, unless -f is given, and nobody else", async () => {
    const start = terminals(rig, { after: (cleanup) => after(cleanup) });
    const namesLeft = async () => lines(await succeeds("ps", "-a", "--format", "{{.Names}}")).join(" ");
    for (const [answer, code, left] of [
      ["n", 125, "made web"],
      ["y", 0, "web"],
    ] as const) {
      const session = start(["prune"]);
      await session.shows("This removes the containers that do not run");
      await session.shows("Continue? [y/N] ");
      session.type(`${answer}\n`);
      assert.equal((await session.ended).code, code);
      assert.equal(await namesLeft(), left);
    }
    assert.equal((await start(["system", "prune", "-f"]).ended).code, 0);
    assert.match(await succeeds("system", "prune"), /^removed 0 layers, /);
  });
});

describe("version", () => {
  it("is printed by a template, too", async () => {
    const version = (await succeeds("version")).trim();
    const format = "{{.Server.Version}} {{.Client.Version}} {{.Server.Os}}";
    assert.equal(await succeeds("version", "-f", format), `${version} ${version} linux\n`);
    const { Server } = JSON.parse(await succeeds("version", "--format", "json"));
    assert.deepEqual([Server.Version, Server.Arch], [version, arch() === "x64" ? "amd64" : arch()]);
  });
});
