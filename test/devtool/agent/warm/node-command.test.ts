import assert from "node:assert/strict";
import test from "node:test";
import { canStartAhead } from "../../../../devtool/agent/warm/node-command.ts";

const COMMANDS: readonly (readonly [argv: string, options: string | undefined, ahead: boolean])[] = [
  ["node main.js --inspect", undefined, true],
  ["/opt/node/bin/node -- main.js", undefined, true],
  ["node --enable-source-maps --max-old-space-size=64 main.js", undefined, true],
  ["node --import tsx -r ./a.cjs --conditions=dev main.ts", undefined, true],
  ["node -", undefined, true],
  ["node main.js", "--no-warnings  --require /a.cjs", true],
  ["node main.js", "", true],
  ["node --inspect main.js", undefined, false],
  ["node --env-file=.env main.js", undefined, false],
  ["node -r", undefined, true],
  ["node -e 1", undefined, false],
  ["node main.js", "--inspect", false],
  ["node main.js", '--no-warnings "--require=/with blank.cjs"', false],
  ["node main.js", "main.js", false],
  ["env A=1 node main.js", undefined, false],
  ["python3 main.py", undefined, false],
  ["", undefined, false],
];

for (const [argv, NODE_OPTIONS, ahead] of COMMANDS) {
  const options = NODE_OPTIONS === undefined ? "" : ` with NODE_OPTIONS=${NODE_OPTIONS}`;
  test(`${JSON.stringify(argv)}${options} is ${ahead ? "" : "not "}started ahead`, () => {
    assert.equal(canStartAhead(argv.split(" "), NODE_OPTIONS === undefined ? {} : { NODE_OPTIONS }), ahead);
  });
}

test("with NODE_DEBUG, which would say what a waiting Node.js loads, it is not started ahead", () => {
  assert.equal(canStartAhead(["node", "a.js"], { NODE_DEBUG: "module" }), false);
  assert.equal(canStartAhead(["node", "a.js"], { NODE_DEBUG: "" }), true);
});
