import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { hints } from "../../../runtime/image/hints.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";
import { TINYDOCKER } from "./program.ts";
import { imagesIn, importInto, place, snapshot } from "./rig.ts";

const root = process.geteuid?.() === 0 ? undefined : "root";

/** What ubuntu-base and Debian's own tarballs contain: merged /usr, alternatives, setuid programs, device nodes. */
function makeRootfs(top: string): void {
  const file = (path: string, mode: number, content = path) => {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), content);
    chmodSync(join(top, path), mode);
  };
  file("usr/bin/dash", 0o755);
  file("usr/bin/su", 0o4755);
  file("usr/bin/wall", 0o2755);
  file("usr/bin/nawk", 0o755);
  file("usr/sbin/init", 0o755);
  file("usr/lib/os-release", 0o644);
  file("etc/shadow", 0o640);
  for (const directory of ["etc/alternatives", "dev/pts", "proc", "sys", "run", "tmp", "root"]) {
    mkdirSync(join(top, directory), { recursive: true });
  }
  chmodSync(join(top, "tmp"), 0o1777);
  chmodSync(join(top, "root"), 0o700);
  const links = {
    bin: "usr/bin",
    sbin: "usr/sbin",
    lib: "usr/lib",
    "usr/bin/sh": "dash",
    "etc/os-release": "../usr/lib/os-release",
  };
  const alternatives = {
    "usr/bin/awk": "/etc/alternatives/awk",
    "etc/alternatives/awk": "/usr/bin/nawk",
    "var-run": "/run",
  };
  for (const [path, target] of Object.entries({ ...links, ...alternatives })) symlinkSync(target, join(top, path));
  execFileSync("chown", ["0:42", join(top, "etc/shadow")]);
  for (const [name, minor] of [
    ["null", "3"],
    ["zero", "5"],
    ["tty", "0"],
  ] as const) {
    execFileSync("mknod", ["-m", "666", join(top, "dev", name), "c", "1", minor]);
  }
  execFileSync("find", [top, "-exec", "touch", "-h", "-d", "@1700000000", "{}", "+"]);
}

test("a distribution's root file system is imported completely except for its device nodes", async (context) => {
  if (!needs(context, root)) return;
  const here = await place(context);
  const directory = await temporaryDirectory(context);
  const [top, tarball] = [join(directory, "top"), join(directory, "rootfs.tar.gz")];
  mkdirSync(top);
  makeRootfs(top);
  execFileSync("tar", ["-C", top, "-czf", tarball, "."]);
  const imported = await importInto(here.root, "debian", tarball);
  const names = '(?:"dev/(?:null|tty|zero)"(?:, )?){3}';
  assert.match(
    hints(imported).join("\n"),
    new RegExp(`^left out 3 device nodes: a container gets its own /dev \\(${names}\\)$`),
  );
  execFileSync("find", [join(top, "dev"), "-type", "c", "-delete"]);
  const { dev: _, ...nodes } = snapshot(imported.rootfs);
  const { dev: __, ...expected } = snapshot(top);
  assert.deepEqual(nodes, expected);
  assert.equal(nodes["usr/bin/su"]?.mode, "4755");
});

test("the command line imports from a pipe, lists and removes", async (context) => {
  const here = await place(context);
  const directory = await temporaryDirectory(context);
  writeFileSync(join(directory, "program"), "#!/bin/sh\n", { mode: 0o755 });
  const env = { ...process.env, TINYDOCKER_ROOT: here.root };
  const script = `
    tar -C "$0" -c . | zstd -q | "$@" image import tiny - &&
    "$@" image ls && "$@" image rm tiny && "$@" image ls
  `;
  const run = spawnSync("sh", ["-c", script, directory, ...TINYDOCKER], { env, encoding: "utf8" });
  assert.equal(run.stderr, "");
  const [summary, ...tables] = run.stdout
    .replace(/(Less than a|\d+) seconds? ago/, "TIME")
    .replace(/ {3,}/g, "   ")
    .split("\n");
  assert.equal(summary, "tiny: 1 file, 10 bytes");
  assert.deepEqual(tables, [
    "REPOSITORY   TAG   IMAGE ID   CREATED   SIZE",
    "tiny   -   tiny   TIME   10B",
    "host   -   -   built in   -",
    "Untagged: tiny",
    "REPOSITORY   TAG   IMAGE ID   CREATED   SIZE",
    "host   -   -   built in   -",
    "",
  ]);
  assert.deepEqual(imagesIn(here), []);
});

test("an import warns about what can't be a root file system", async (context) => {
  const here = await place(context);
  writeFileSync(join(here.outside, "manifest.json"), "[]");
  assert.match(hints(await importInto(here.root, "saved", here.outside)).join(), /docker export/);
  execFileSync("rm", [join(here.outside, "manifest.json")]);
  assert.match(hints(await importInto(here.root, "text", here.outside)).join(), /is it a root file system/);
});
