import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";

/** Its work ends where it reads `.`, while a signal is caught. */
const script = (when: string) => `
  import { Socket } from "node:net";
  import { undoneBySignals } from ${JSON.stringify(import.meta.resolve("../../../runtime/commands/signals.ts"))};
  const input = new Socket({ fd: 0 });
  await undoneBySignals(() => new Promise((resolve) => input.once("data", () => {
    ${when}(() => { process.kill(process.pid, "SIGINT"); resolve(); });
  })));
  input.destroy();
`;

const WHEN = {
  "as its input is read": "((end) => end())",
  "in a later turn": "setImmediate",
  "as a timer ends": "setTimeout",
} as const;

describe("work that a signal undoes,", () => {
  for (const [name, when] of Object.entries(WHEN)) {
    it(`is ended by one that comes just as it is done, ${name}`, () => {
      const argv = ["--import", "tsx", "--input-type=module", "-e", script(when)];
      const { signal, stderr } = spawnSync(process.execPath, argv, { input: ".", encoding: "utf8" });
      assert.deepEqual([signal, stderr], ["SIGINT", ""]);
    });
  }
});
