import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { needs, temporaryDirectory } from "./host.ts";
import { outcomeOf } from "./tinydocker.ts";

const HANGS = `
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test } from "node:test";

describe("a suite", () => {
  test("waits for a child", async (t) => {
    const child = spawn("sleep", ["1000"]);
    t.after(() => console.log("cleaned up"));
    throw new Error(String(await once(child, "close")));
  });
});
test("leaves a server", () => void createServer().listen(0));
`;

test("a test that waits for ever ends and cleans up once its processes are killed, and one that leaves something open is ended: each is named", async (t) => {
  if (!needs(t, process.platform === "linux" ? undefined : "/proc")) return;
  const file = join(await temporaryDirectory(t), "hangs.test.mjs");
  await writeFile(file, HANGS);
  const argv = ["--import", "tsx", "--import", join(import.meta.dirname, "deadline.ts"), "--test", file];
  const env = { ...process.env, TINYDOCKER_TEST_WAIT_MS: "2000" };
  const child = spawn(process.execPath, argv, { env: { ...env, NODE_TEST_CONTEXT: undefined } });
  const { code, stdout } = await outcomeOf(child);
  assert.equal(code, 1);
  for (const line of [
    /nothing went on for 2 s in or after "waits for a child"\n.*open: .*ProcessWrap.*\n.*killed: sleep \d+: sleep 1000\n/,
    /error: ',SIGKILL'/,
    /# cleaned up\n/,
    /^ok \d+ - leaves a server$/m,
    /nothing went on for 2 s after its last test\n.*open: .*TCPServerWrap/,
  ])
    assert.match(stdout, line);
});
