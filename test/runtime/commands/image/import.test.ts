import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { needs } from "../../../rig/host.ts";
import { busyboxRootfs, tinydocker } from "../../../rig/tinydocker.ts";
import { archive as tarOf } from "../../image/archive/archive.ts";

const rig = await tinydocker({ after });
const archive = join(rig.directory, "rootfs.tar");
execFileSync("tar", ["-C", await busyboxRootfs(join(rig.directory, "rootfs")), "-cf", archive, "."]);

async function printed(words: readonly string[], input?: Buffer): Promise<string> {
  const { code, stdout, stderr } = await rig.run(words, input ? { input } : {});
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

const CHANGES = ["CMD echo hello", "ENV A=b", "ENV C=d", "WORKDIR /etc", "EXPOSE 80", 'ENTRYPOINT ["/bin/sh","-c"]'];
const CHANGE_OPTIONS = CHANGES.flatMap((one) => ["-c", one]);

describe("import in docker's order", () => {
  it("makes an image of one layer, with what --change and --message say, under a name by its id if it gets none", async () => {
    const id = await printed(["import", ...CHANGE_OPTIONS, "-m", "by hand", archive, "app:1"]);
    assert.match(id, /^sha256:[0-9a-f]{64}\n$/);
    const about = "{{.Id}} {{.Comment}} {{.Config.WorkingDir}} {{len .RootFS.Layers}}";
    assert.equal(await printed(["inspect", "-f", about, "app:1"]), `${id.trim()} by hand /etc 1\n`);
    const run = await printed(["run", "--network", "none", "--name", "c1", "app:1", "pwd; echo $A$C; ls /etc/script"]);
    assert.equal(run, "/etc\nbd\n/etc/script\n");
    assert.equal(await printed(["image", "import", "-", "local/app"], readFileSync(archive)), await idOf("local/app"));
    assert.match(await printed(["history", "local/app"]), /Imported from -$/m);
    assert.match(await printed(["images", "--format", "{{.Repository}}"]), /^local\/app\napp\n/);
    const nameless = (await printed(["import", "-c", "CMD none", archive])).trim();
    const name = `localhost/import:${nameless.slice(7, 19)}`;
    assert.equal(await printed(["rmi", nameless]), `Untagged: ${name}\nDeleted: ${nameless}\n`);
    assert.equal(
      await printed(["events", "--since", "1h", "--until", "0s", "-f", "event=import", "--format", "{{.ID}}"]),
      `app:1\nlocal/app:latest\n${nameless}\n`,
    );
  });

  it("is told apart from ours by the form of the words alone", async () => {
    assert.match(await printed(["image", "import", "ours", archive]), /^ours: \d+ files, /);
    assert.match(await printed(["import", "more", "-"], readFileSync(archive)), /^more: \d+ files, /);
    const own = join(rig.directory, "own.tar");
    for (const [words, message] of [
      [["import", "-c", "CMD x", "mine", own], /--change, --message and --platform are for docker's order/],
      [["import", "own.tar", "mine:1"], /can't import own\.tar: no such file/],
      [["import", own, "Mine:1"], /can't be the name of an image: a repository's name is in lower case/],
      [["import", "-c", "RUN x", archive, "mine:1"], /--change "RUN x": there is no RUN here/],
      [["import", "--platform", "linux/vax", archive, "mine:1"], /--platform linux\/vax: images are of this machine's/],
      [
        ["import", "https://mirror.example/x.tar", "mine:1"],
        /curl -fL https:\/\/mirror\.example\/x\.tar \| tinydocker import - mine:1/,
      ],
      [["import", join(rig.directory, "rootfs/etc/passwd"), "mine:1"], /can't import .*passwd: /],
      [
        ["import", join(rig.directory, "rootfs"), "mine:1"],
        /can't import \S+: it is a directory\n {2}tar -C \S+\/rootfs -c \. \| tinydocker import - mine:1/,
      ],
    ] as const) {
      const { code, stdout, stderr } = await rig.run(words);
      assert.deepEqual([code, stdout], [125, ""], words.join(" "));
      assert.match(stderr, message);
    }
    assert.doesNotMatch(await printed(["images"]), /mine/);
  });

  it("refuses a root that is no directory, as ours does", async () => {
    for (const entry of [
      { name: "x/..", content: "abc" },
      { name: ".", content: "abc" },
      { name: "x/..", type: "2", target: "/etc" },
    ])
      for (const words of [
        ["import", "-", "root:1"],
        ["image", "import", "root", "-"],
      ]) {
        const { code, stderr } = await rig.run(words, { input: tarOf({ name: "before" }, entry) });
        assert.equal(code, 125);
        assert.match(stderr, /^tinydocker: can't import [^\n]*: its root is a (file|symlink), not a directory\n$/);
      }
  });

  it("is named where only the first of two plain words is a file", async () => {
    const { code, stderr } = await rig.run(["import", "rootfs.tar", "app"], { cwd: rig.directory });
    assert.equal(code, 125);
    assert.match(stderr, /can't read app: there is no such file, .*\n {2}.*: tinydocker import \.\/rootfs\.tar app\n$/);
  });

  it("says what podman's import says, and podman reads it", async (t) => {
    if (!needs(t, existsSync("/usr/bin/podman") ? undefined : "podman")) return;
    const store = [
      "--root",
      join(rig.directory, "p"),
      "--runroot",
      join(rig.directory, "r"),
      "--storage-driver",
      "vfs",
    ];
    const podman = (...words: string[]) =>
      execFileSync("podman", [...store, ...words], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const seen = ["--format", "{{json .Config}} {{len .RootFS.Layers}} {{.Os}} {{.Architecture}}"];
    podman("import", "-q", ...CHANGE_OPTIONS, "-m", "by hand", archive, "localhost/theirs:1");
    const saved = join(rig.directory, "saved.tar");
    await printed(["save", "-o", saved, "app:1"]);
    podman("load", "-q", "-i", saved);
    const theirs = podman("image", "inspect", ...seen, "localhost/theirs:1");
    const { Labels: _labels, ...config } = JSON.parse(theirs.slice(0, theirs.lastIndexOf("}") + 1));
    const ours = podman("image", "inspect", ...seen, "docker.io/library/app:1");
    assert.deepEqual(JSON.parse(ours.slice(0, ours.lastIndexOf("}") + 1)), config);
    assert.equal(ours.slice(ours.lastIndexOf("}")), theirs.slice(theirs.lastIndexOf("}")));
    podman("rmi", "-f", "localhost/theirs:1", "docker.io/library/app:1");
  });
});

describe("history", () => {
  it("shows the ids, the times, the commands, the sizes and the comments, in docker's forms", async () => {
    const long = `CMD echo ${"long ".repeat(20)}`;
    await printed(["import", "-c", long, "-m", "by hand", archive, "app:2"]);
    const id = (await idOf("app:2")).trim();
    assert.equal(await printed(["history", "-q", "app:2"]), `${id.slice(7, 19)}\n`);
    assert.equal(await printed(["history", "-q", "--no-trunc", "app:2"]), `${id}\n`);
    assert.match(
      await printed(["history", "app:2"]),
      new RegExp(`^${id.slice(7, 19)} +.* ago +[\\d.]+MB +by hand$`, "m"),
    );
    const bytes = await printed(["inspect", "-f", "{{.Size}}", "app:2"]);
    assert.equal(await printed(["history", "-H=false", "--format", "{{.Size}}", "app:2"]), bytes);
    assert.match(await printed(["history", "--human=false", "app:2"]), / \d{4}-\d\d-\d\dT[\d:.]+Z +/);
  });
});

async function idOf(name: string): Promise<string> {
  return printed(["inspect", "-f", "{{.Id}}", name]);
}
