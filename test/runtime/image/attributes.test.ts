import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readAttributes, setAttribute } from "../../../runtime/host/attributes.ts";
import { openShim } from "../../../runtime/host/shim.ts";
import { hints } from "../../../runtime/image/hints.ts";
import { needs } from "../../rig/host.ts";
import { archive, pax } from "./archive/archive.ts";
import { importInto, place } from "./rig.ts";

const root = process.geteuid?.() === 0 ? undefined : "root";
const shim = await openShim();

function attributesOf(path: string): Record<string, string> {
  const attributes = readAttributes(shim, Buffer.from(path));
  return Object.fromEntries(attributes.map(({ name, value }) => [name, Buffer.from(value).toString("latin1")]));
}

/** As setcap(8) shows it. */
function capabilitiesOf(path: string): string {
  return execFileSync("/usr/sbin/getcap", [path], { encoding: "utf8" }).replace(`${path} `, "").trim();
}

/** A directory with a file that has a capability, two attributes of a user, one of them with bytes, and an empty one. */
function dressedTree(directory: string): string {
  const file = join(directory, "bin/ping");
  mkdirSync(join(directory, "bin"), { recursive: true });
  writeFileSync(file, "#!", { mode: 0o555 });
  execFileSync("/usr/sbin/setcap", ["cap_net_raw+ep", file]);
  const values = {
    "user.a=b%": Buffer.from([0, 1, 10, 255]),
    "user.empty": Buffer.alloc(0),
    "user.long": Buffer.alloc(900, "x"),
  };
  for (const [name, value] of Object.entries(values)) {
    assert.equal(setAttribute(shim, Buffer.from(file), { name, value }), 0);
    assert.equal(setAttribute(shim, Buffer.from(join(directory, "bin")), { name, value }), 0);
  }
  return file;
}

test("file capabilities and a user's attributes come with GNU tar's archive and with a directory", async (context) => {
  if (!needs(context, root)) return;
  const here = await place(context);
  const tree = join(here.outside, "tree");
  const file = dressedTree(tree);
  const tar = join(here.outside, "tree.tar");
  execFileSync("tar", ["-C", tree, "--xattrs", "--xattrs-include=*", "--format=pax", "-cf", tar, "."]);
  for (const [name, source] of [
    ["archive", tar],
    ["directory", tree],
  ] as const) {
    const imported = await importInto(here.root, name, source);
    const copy = join(imported.rootfs, "bin/ping");
    assert.equal(capabilitiesOf(copy), "cap_net_raw=ep");
    assert.deepEqual(attributesOf(copy), attributesOf(file));
    assert.deepEqual(attributesOf(join(imported.rootfs, "bin")), attributesOf(join(tree, "bin")));
    assert.deepEqual(hints(imported), []);
  }
});

test("libarchive's form of an attribute is read too", async (context) => {
  const here = await place(context);
  const record = pax({ "LIBARCHIVE.xattr.user.a%3Db": Buffer.from("value").toString("base64") });
  const { rootfs } = await importInto(here.root, "libarchive", archive(record, { name: "file", content: "x" }));
  assert.deepEqual(attributesOf(join(rootfs, "file")), { "user.a=b": "value" });
});

test("marks of overlayfs and labels of another machine are left out, and that is said", async (context) => {
  const here = await place(context);
  const foreign = {
    "SCHILY.xattr.trusted.overlay.redirect": "/etc",
    "SCHILY.xattr.user.overlay.opaque": "y",
    "SCHILY.xattr.security.selinux": "system_u:object_r:bin_t:s0",
    "SCHILY.xattr.user.kept": "1",
  };
  const imported = await importInto(
    here.root,
    "foreign",
    archive(pax(foreign), { name: "bin/", type: "5", mode: 0o755 }),
  );
  assert.deepEqual(attributesOf(join(imported.rootfs, "bin")), { "user.kept": "1" });
  assert.match(hints(imported).join(), /^left out extended attributes of 1 file: .* \("bin"\)$/);
});
