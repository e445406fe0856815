import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments } from "../../../devtool/command-line/arguments.ts";
import { plainRun } from "../../../devtool/command-line/plain.ts";
import fc from "../../rig/fast-check.ts";

const option = fc.oneof(
  fc.constantFrom(["--json"], ["--accept-new-host-key"], ["--timings"], ["-i"], ["--"], ["--target=a"], ["--target"]),
  fc
    .tuple(fc.constantFrom("--target", "--config", "--ssh-config"), fc.constantFrom("a", "a,b", "-x", "", "1", "é"))
    .map(([name, value]) => [name, value]),
);
const words = fc.array(fc.constantFrom("sh", "-c", "--json", "--", "", "1", "--target", "help"), { maxLength: 4 });

test("what is parsed without yargs is parsed as by it, and most command lines of run are", async () => {
  let plain = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(option, { maxLength: 3 }), words, async (options, rest) => {
      const argv = ["run", ...options.flat(), ...rest];
      const parsed = plainRun(argv);
      if (parsed === undefined) return;
      plain += 1;
      assert.deepEqual(parsed, await parseArguments(argv));
    }),
    { numRuns: 300 },
  );
  assert.ok(plain > 50, `${plain}`);
  assert.equal(plainRun(["watch", "sh"]), undefined);
});
