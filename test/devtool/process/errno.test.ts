import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionLost } from "../../../devtool/failure.ts";
import { errnoOf, errnoWords } from "../../../devtool/process/errno.ts";
import { reasonOf } from "../../../devtool/targets/ssh/transport/connect-failure.ts";

test("each errno has words", () => {
  assert.equal(errnoWords("EISDIR"), "is a directory (EISDIR)");
  assert.equal(errnoWords("EMFILE"), "too many open files (EMFILE)");
  assert.equal(errnoWords("no errno"), "no errno");
});

test("a system error has an errno, and a Failure has none though it has a code", () => {
  assert.equal(errnoOf(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })), "ECONNREFUSED");
  assert.equal(errnoOf(Object.assign(new Error("open"), { errno: -2 })), "ENOENT");
  assert.equal(errnoOf(new ConnectionLost("the connection was closed")), undefined);
  assert.equal(reasonOf(new ConnectionLost("the connection was closed")), ": the connection was closed");
});
