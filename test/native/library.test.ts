import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const LIBRARY = "native/build/libtinydocker.so";

/** They act on the calling thread or the whole process, which is Node.js. */
const OTHERS_BUSINESS =
  /^(setns|unshare|chdir|fchdir|chroot|umask|set(re|res)?[ug]id|setgroups|capset|prctl|fork|vfork|wait|waitpid|exit|abort)$/;

test("the library calls nothing that would change Node.js itself", () => {
  execFileSync("make", ["--silent", "-C", "native"]);
  const symbols = execFileSync("nm", ["-D", "--undefined-only", LIBRARY], { encoding: "utf8" });
  const called = symbols.split("\n").map((line) => line.trim().split(/\s+/).at(-1)?.replace(/@.*/, "") ?? "");
  assert.ok(called.includes("waitid"));
  assert.deepEqual(
    called.filter((name) => OTHERS_BUSINESS.test(name)),
    [],
  );
});

test("between clone and exec the child makes no call of the C library", () => {
  const source = readFileSync("native/clone.c", "utf8");
  const child = source.slice(source.indexOf("static long write_file"), source.indexOf("long clone_child"));
  const called = [...child.matchAll(/\b([a-z_0-9]+)\(/g)].map(([, name]) => name);
  const ours = ["raw", "write_file", "map_user", "place_descriptors", "fail", "run_child", "if", "for", "while"];
  assert.ok(called.includes("raw"));
  assert.deepEqual(
    called.filter((name) => !ours.includes(name ?? "")),
    [],
  );
});
