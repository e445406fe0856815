import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { importBusybox, type Outcome, outcomeOf, tinydocker } from "../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
chmodSync(rig.program, 0o755);

/** Started by its first line, as an installed program is. */
function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const options = { env: { ...process.env, TINYDOCKER_ROOT: rig.root, ...env } };
  return outcomeOf(spawn(rig.program, ["run", "--image", "box", ...args], options));
}

describe("the Node.js that runs tinydocker", () => {
  for (const argument of [
    "--env-file=/etc/app.env",
    "--env-file-if-exists=/etc/passwd",
    "--experimental-config-file=x.json",
    "--experimental-default-config-file",
    "--import=x",
    "--inspect",
    "--test",
    "--watch",
    "--version",
    "-e",
    "--",
  ]) {
    it(`leaves the command's argument ${argument} to the command`, async () => {
      const expected = { code: 0, signal: null, stdout: `app ${argument} x\n`, stderr: "" };
      assert.deepEqual(await run(["c1", "echo", "app", argument, "x"]), expected);
    });
  }

  for (const [name, value] of [
    ["NODE_OPTIONS", "--require /nosuch --inspect=0"],
    ["NODE_EXTRA_CA_CERTS", "/nosuch"],
  ] as const) {
    it(`leaves ${name} to a command that gets it by -e`, async () => {
      const passed = await run(["-e", name, "c1", "sh", "-c", `echo $${name}`], { [name]: value });
      // Node.js warns of a file that it can't read.
      assert.deepEqual([passed.stdout, passed.stderr], [`${value}\n`, ""]);
      const { stdout } = await run(["-e", name, "c1", "env"], { [name]: undefined });
      assert.doesNotMatch(stdout, new RegExp(name));
    });
  }

  it("loads none of its own modules that take milliseconds, for a command with pipes", async () => {
    const watch = join(rig.directory, "loaded.cjs");
    await writeFile(watch, "process.on('exit', () => require('fs').writeSync(2, process.moduleLoadList.join('\\n')));");
    const argv = ["--require", watch, "--", rig.program, "run", "--image", "box", "c1", "true"];
    const { stderr } = await outcomeOf(
      spawn(process.execPath, argv, { env: { ...process.env, TINYDOCKER_ROOT: rig.root } }),
    );
    const loaded = stderr.split("\n").map((line) => line.replace("NativeModule ", ""));
    assert.ok(loaded.includes("os"));
    const slow = ["net", "tty", "stream", "fs/promises", "child_process", "crypto", "dgram", "readline"];
    assert.deepEqual(
      slow.filter((name) => loaded.includes(name)),
      [],
    );
  });

  it("ends as the command does also while it gets signals", async () => {
    for (let i = 0; i < 3; i += 1) {
      const words = ["run", "--image", "box", `c${i}`, "sh", "-c", 'trap "" IO; echo ready; read line; exit 3'];
      const child = rig.spawn(words);
      const ended = once(child, "close");
      await once(child.stdout as NodeJS.ReadableStream, "data");
      child.stdin?.end("end\n");
      while (child.kill("SIGIO")) await setImmediate();
      assert.deepEqual(await ended, [3, null]);
    }
  });
});
