import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { after, describe, it } from "node:test";
import { detachedRig } from "../container/detached-rig.ts";

/** The last one first: the containers end before their files are removed. */
const cleanups: (() => Promise<void>)[] = [];
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});
const scope = { after: (cleanup: () => Promise<void>) => void cleanups.unshift(cleanup) };
const rig = await detachedRig(scope);
scope.after(async () => {
  await rig.run(["rm", "-f", "web", "old", "new", "failed"]);
});
const { succeeds, detach } = rig;
const create = (...words: string[]) => succeeds("create", "--image", "box", ...words);

await detach("--label", "tier=web", "-v", "data:/srv", "-v", "/etc:/host:ro", "web", "sh", "-c", "sleep 1000");
await succeeds("exec", "web", "sh", "-c", "printf 12345 >/five");
await create("--network", "none", "--health-cmd", "true", "old", "true");
await create("-p", "127.0.0.1:8081:80", "-p", "9000:90/udp", "--network", "bridge", "new", "true");
await succeeds("run", "-d", "--image", "box", "--network", "none", "failed", "sh", "-c", "exit 4");
await succeeds("wait", "failed");
const names = async (...words: string[]) => {
  const listed = await succeeds("ps", ...words, "--format", "{{.Names}}");
  return listed.split("\n").filter(Boolean).sort().join(" ");
};

describe("ps", () => {
  it("takes docker's filters", async () => {
    const CASES: readonly (readonly [string, string])[] = [
      ["volume=data", "web"],
      ["volume=/host", "web"],
      ["volume=none", ""],
      ["before=new", "old web"],
      ["since=old", "failed new"],
      ["publish=8081", "new"],
      ["publish=8000-9000", "new"],
      ["publish=9000", ""],
      ["publish=9000/udp", "new"],
      ["expose=80/tcp", "new"],
      ["network=bridge", "new"],
      ["network=none", "failed old web"],
      ["exited=4", "failed"],
      ["ancestor=box", "failed new old web"],
      ["ancestor=nosuch", ""],
      ["label=tier=web", "web"],
      ["name=^/?(old|new)$", "new old"],
      ["status=created", "new old"],
    ];
    for (const [filter, expected] of CASES) assert.equal(await names("-a", "-f", filter), expected, filter);
  });

  it("finds the containers of an image in layers by its id, whose name may be another one's by now", async () => {
    const importAs = async (name: string, ...files: string[]) => {
      const input = execFileSync("tar", ["-C", rig.directory, "-c", ...files]);
      assert.equal((await rig.run(["import", "-", name], { input })).code, 0);
      return (await succeeds("inspect", "-f", "{{.Id}}", name)).trim();
    };
    const id = await importAs("layered:1", "rootfs/etc");
    await succeeds("create", "--network", "none", "layered1", "layered:1", "true");
    assert.equal(await succeeds("inspect", "-f", "{{.Image}} {{.Config.Image}}", "layered1"), `${id} layered:1\n`);
    await succeeds("tag", "layered:1", "layered:old");
    await importAs("layered:1", "rootfs/etc/passwd");
    for (const [image, found] of [
      ["layered:1", ""],
      ["layered:old", "layered1"],
      [id.slice("sha256:".length, 20), "layered1"],
    ] as const)
      assert.equal(await names("-a", "-f", `ancestor=${image}`), found, image);
    await succeeds("rm", "layered1");
  });

  it("refuses a value that is none, and names a container that there is not", async () => {
    for (const [filter, message] of [
      ["publish=http", /--filter does not know "publish=http"/],
      ["exited=zero", /--filter does not know "exited=zero"/],
      ["since=nosuch", /there is no container nosuch/],
    ] as const) {
      const { code, stderr } = await rig.run(["ps", "-f", filter]);
      assert.equal(code, 125);
      assert.match(stderr, message);
    }
  });

  it("has docker's fields in templates, commands in quotes, and the size where it is asked for", async () => {
    const format = "{{.Mounts}} {{.LocalVolumes}} {{.Networks}} {{.Labels}} {{.State}} {{.Size}}";
    const image = Number(await succeeds("inspect", "-f", "{{.Size}}", "box"));
    const whole = `${Number(((image + 5) / 1e6).toPrecision(3))}MB`;
    assert.equal(await succeeds("ps", "--format", format), `data,/etc 1 none tier=web running 5B (virtual ${whole})\n`);
    assert.match(
      await succeeds("ps", "--format", "{{.CreatedAt}}|{{.RunningFor}}"),
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC\|.* ago\n$/,
    );
    assert.match(await succeeds("ps", "-s"), /NAMES +SIZE\n.* web +5B \(virtual [\d.]+MB\)\n$/);
    assert.equal(await succeeds("ps", "--format", "{{.Command}}"), `"sh -c 'sleep 1000'"\n`);
    await create("--network", "none", "long", "sh", "-c", 'echo a; echo "b"');
    assert.match(await succeeds("ps", "-a"), / {3}"sh -c 'echo a; echo…" {3}/);
    assert.equal(
      await succeeds("ps", "-l", "--no-trunc", "--format", "{{.Command}}"),
      `"sh -c 'echo a; echo \\"b\\"'"\n`,
    );
    await succeeds("rm", "long");
    const row = JSON.parse(await succeeds("ps", "--format", "json"));
    assert.deepEqual([row.Size, row.Mounts, row.LocalVolumes], ["0B", "data,/etc", "1"]);
  });
});

describe("labels with commas", () => {
  const kept = { paths: "a=1,b=2", "com.example.some-name": "x,y" };
  const words = Object.entries(kept).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
  const format =
    '{{.Label "paths"}}|{{.Label "com.example.some-name"}}|{{.Label "b"}}|{{.Label "toString"}}|{{.Labels}}';
  const printed = "a=1,b=2|x,y|||paths=a=1,b=2,com.example.some-name=x,y\n";

  it("are printed and compared as they were given, of containers and volumes", async () => {
    await create("--network", "none", ...words, "labelled", "true");
    await succeeds("volume", "create", ...words, "labelled");
    for (const list of [
      ["ps", "-a"],
      ["volume", "ls"],
    ]) {
      const labelled = (filter: string) => succeeds(...list, "-f", `label=${filter}`, "--format", format);
      for (const filter of ["paths=a=1,b=2", "com.example.some-name=x,y"])
        assert.equal(await labelled(filter), printed);
      for (const filter of ["b=2", "b", "paths=a=1", "com.example.some-name=x"])
        assert.equal(await labelled(filter), "");
      const table = await succeeds(
        ...list,
        "-f",
        "label=paths",
        "--format",
        'table {{.Label "com.example.some-name"}}',
      );
      assert.equal(table, "some name\nx,y\n");
    }
    await succeeds("rm", "labelled");
    await succeeds("volume", "rm", "labelled");
  });

  it("and so are the paths of mounts", async () => {
    const path = `${rig.directory}/one,two`;
    mkdirSync(path);
    await create("--network", "none", "--mount", `type=bind,"source=${path}",target=/x`, "mounted", "true");
    const mounts = (...options: string[]) =>
      succeeds("ps", "-a", "-f", "name=mounted", ...options, "--format", "{{.Mounts}}");
    assert.equal(await mounts(), `${path.slice(0, 14)}…\n`);
    assert.equal(await mounts("--no-trunc"), `${path}\n`);
    await succeeds("rm", "mounted");
  });
});

describe("volume ls, network ls and images", () => {
  it("are removed although another name of the command line is missing, which -f of images and networks excuses", async () => {
    await succeeds("volume", "create", "one");
    for (const [words, code, stdout] of [
      [["volume", "rm", "nope", "one"], 125, "one\n"],
      [["rmi", "nope:1", "box"], 125, ""],
      [["rmi", "-f", "nope:1"], 0, ""],
      [["network", "rm", "nope", "none-either"], 125, ""],
      [["network", "rm", "-f", "nope"], 0, ""],
    ] as const) {
      const outcome = await rig.run(words);
      assert.deepEqual([outcome.code, outcome.stdout], [code, stdout], words.join(" "));
      assert.match(outcome.stderr, /^tinydocker: there is no (volume|image|network) nope/);
    }
    assert.match(
      (await rig.run(["network", "rm", "host"])).stderr,
      /^tinydocker: host is a pre-defined network and cannot be removed\n/,
    );
    assert.equal(
      (await rig.run(["load", "-i", "nope.tar"])).stderr,
      "tinydocker: can't load nope.tar: no such file or directory\n",
    );
  });

  it("are inspected although another name is missing, by names after -- too, by a template or as one line of JSON", async () => {
    await succeeds("volume", "create", "--", "two");
    for (const [words, stdout] of [
      [["volume", "inspect", "-f", "{{.Name}}", "--", "nope", "two"], "two\n"],
      [["image", "inspect", "-f", "{{.Id}}", "nope:1", "box"], "box\n"],
      [["network", "inspect", "-f", "{{.Name}}", "nope", "none-either"], ""],
      [["network", "inspect", "-f", "json", "nope"], "[]\n"],
    ] as const) {
      const outcome = await rig.run(words);
      assert.deepEqual([outcome.code, outcome.stdout], [125, stdout], words.join(" "));
      assert.match(outcome.stderr, /^tinydocker: there is no (volume|image|network) nope/);
    }
    assert.match(await succeeds("volume", "inspect", "-f", "json", "two"), /^\[\{"CreatedAt":.*\}\]\n$/);
    await succeeds("volume", "rm", "--", "two");
  });

  it("print their own table where --format is empty or table alone, and docker's by a template", async () => {
    for (const words of [
      ["ps", "-a"],
      ["images"],
      ["volume", "ls"],
      ["network", "ls"],
      ["stats", "--no-stream", "web"],
    ]) {
      // The columns are as wide as what is in them, such as how long ago.
      const titles = async (...more: string[]) =>
        (await succeeds(...words, ...more)).split("\n")[0]?.replace(/ +/g, " ");
      const own = await titles();
      for (const format of ["table", "table ", ""])
        assert.equal(await titles("--format", format), own, words.join(" "));
    }
    assert.match(await succeeds("images", "--digests"), /^REPOSITORY +TAG +DIGEST +IMAGE ID +CREATED +SIZE\n/);
    assert.match(await succeeds("images", "--digests", "--format", "table {{.Tag}}"), /^TAG +DIGEST\n/);
  });

  it("are inspected as JSON where -f is empty", async () => {
    assert.equal(await succeeds("inspect", "-f", "", "old"), await succeeds("inspect", "old"));
  });

  it("are pruned by docker's filters", async () => {
    await succeeds("volume", "create", "--name", "kept", "--label", "keep=yes");
    await succeeds("volume", "create", "dropped");
    await succeeds("volume", "prune", "-f", "--filter", "all=1", "--filter", "until=1h");
    assert.equal(await succeeds("volume", "prune", "--filter", "all=1", "--filter", "label!=keep=yes"), "dropped\n");
    assert.equal(await succeeds("volume", "prune", "-a", "--filter", "label=keep"), "kept\n");
    await succeeds("network", "create", "--label", "keep=yes", "n1");
    assert.equal(await succeeds("network", "prune", "--filter", "label!=keep"), "");
    assert.equal(await succeeds("network", "prune", "--filter", "label=keep"), "n1\n");
  });

  it("take docker's filters and templates", async () => {
    await succeeds("volume", "create", "--label", "kept=yes", "spare");
    const CASES: readonly (readonly [string, string])[] = [
      ["volume ls -q -f dangling=true", "spare"],
      ["volume ls -q -f dangling=false", "data"],
      ["volume ls -q -f label=kept=yes -f name=sp", "spare"],
      ["volume ls -q -f driver=local", "data spare"],
      ["volume ls -q -f driver=nfs", ""],
      ["network ls -q -f driver=none", ""],
      ["images -q -f reference=b*", "box"],
      ["images -q nosuch", ""],
      ["images -q -f dangling=true", ""],
      ["images --format {{.Repository}}:{{.Tag}} -f before=box", ""],
      ["image ls --format {{.Repository}}:{{.Tag}}={{.ID}} box", "box:-=box"],
    ];
    for (const [words, expected] of CASES)
      assert.equal((await succeeds(...words.split(" "))).trim().replaceAll("\n", " "), expected, words);
    const { code, stderr } = await rig.run(["volume", "ls", "-f", "dangling=maybe"]);
    assert.equal(code, 125);
    assert.match(stderr, /--filter does not know "dangling=maybe"\n {2}name=TEXT, label=/);
  });
});
