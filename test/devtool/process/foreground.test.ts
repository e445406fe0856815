import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { groupsInStat } from "../../../devtool/process/foreground.ts";

test("a process's group and its terminal's foreground group are those that ps shows, whatever the command's name", () => {
  const stat = readFileSync("/proc/self/stat", "latin1");
  const shown = execFileSync("ps", ["-o", "pgid=,tpgid=", "-p", String(process.pid)], { encoding: "utf8" });
  assert.deepEqual(groupsInStat(stat), shown.trim().split(/\s+/));
  assert.deepEqual(groupsInStat("7 (a ) R b) S 1 7 7 34816 9 0"), ["7", "9"]);
});
