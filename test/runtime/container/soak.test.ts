import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { needs } from "../../rig/host.ts";

test("many containers, in a row and side by side, leave nothing, and each has its own address and exit code", async (t) => {
  if (!needs(t, process.geteuid?.() === 0 ? undefined : "root")) return;
  const env = { ...process.env, TINYDOCKER_BENCH_SOAK: "10,40", TINYDOCKER_NETWORK: "" };
  const argv = ["--import", "tsx", "bench/main.ts", "soak"];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { env });
  assert.match(stdout, /^soak: 10 containers, 1 at a time: .*\nsoak: 40 containers, 16 at a time: .*, nothing left\n$/);
});
