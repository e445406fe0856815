import assert from "node:assert/strict";
import { after, test } from "node:test";
import { needs } from "../rig/host.ts";
import { lacks, startMany } from "./start-many.ts";

const program = await startMany({ after });
const ended = { status: 0, stdout: "74 containers ended\n", stderr: "" };

test("ThreadSanitizer finds no race between the threads of the library", (t) => {
  if (!needs(t, lacks("libtsan.so"))) return;
  assert.deepEqual(program.run("tsan"), ended);
});

test("AddressSanitizer and UndefinedBehaviorSanitizer find no fault in the library", (t) => {
  if (!needs(t, lacks("libasan.so"))) return;
  assert.deepEqual(program.run("asan"), ended);
});
