import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import test, { type TestContext } from "node:test";
import { startRootAgent } from "../../../devtool/agent/root.ts";
import { decodeRootHello } from "../../../devtool/protocol/hello.ts";
import { temporaryDirectory } from "../../rig/host.ts";

/** Returns what startRootAgent prints with this shell script as `sudo`; if undefined, with no sudo in PATH. */
async function printed(t: TestContext, script: string | undefined): Promise<string> {
  const bin = await temporaryDirectory(t);
  if (script !== undefined) await writeFile(join(bin, "sudo"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const path = process.env["PATH"];
  process.env["PATH"] = bin;
  const out = new PassThrough();
  try {
    startRootAgent("TOKEN", ["root"], out);
  } finally {
    process.env["PATH"] = path;
  }
  const [chunk] = await once(out, "data");
  return String(chunk);
}

const LINE = /^TOKEN root (.*)\n$/;

test("sudo's own message is the reason why no agent runs as root", async (t) => {
  const line = await printed(t, "echo 'sudo: a password is required' >&2; exit 1");
  assert.deepEqual(decodeRootHello(LINE.exec(line)?.[1] ?? ""), { failed: "sudo: a password is required" });
});

test("a sudo that fails without a message is reported too", async (t) => {
  assert.deepEqual(decodeRootHello(LINE.exec(await printed(t, "exit 1"))?.[1] ?? ""), { failed: "sudo failed" });
});

test("a missing sudo is reported", async (t) => {
  const line = await printed(t, undefined);
  assert.deepEqual(decodeRootHello(LINE.exec(line)?.[1] ?? ""), { failed: "sudo is not installed" });
});

test("the root agent's own line is passed on unchanged", async (t) => {
  const line = 'TOKEN root {"socket":"/run/s"}';
  assert.equal(await printed(t, `echo '${line}'`), `${line}\n`);
});
