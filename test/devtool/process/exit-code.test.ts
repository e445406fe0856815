import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { exitCodeOf } from "../../../devtool/process/exit-code.ts";
import { needs } from "../../rig/host.ts";

/** Those whose default action does not end a process. */
const HARMLESS = ["SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGWINCH"];

test("a signal's exit code is Linux's, on whatever machine devtool runs", (t) => {
  if (!needs(t, process.platform === "linux" ? undefined : "Linux")) return;
  for (const [name, number] of Object.entries(constants.signals)) {
    if (!HARMLESS.includes(name)) assert.equal(exitCodeOf(name as NodeJS.Signals), 128 + number, name);
  }
});
