import assert from "node:assert/strict";
import { test } from "node:test";
import { withNodeOptions } from "../../../devtool/run/node-options.ts";

const CASES: readonly (readonly [string, string])[] = [
  ["node out/a.js run x --env-file=f", "node -- out/a.js run x --env-file=f"],
  ["node ./out/a.js out/b.js", "node -- ./out/a.js out/b.js"],
  ["node --enable-source-maps out/a.js -- x", "node --enable-source-maps -- out/a.js -- x"],
  ["sudo -- /usr/bin/node out/a.js", "sudo -- /usr/bin/node -- out/a.js"],
  ["node --import out/hook.js -r out/hook.cjs out/a.js", "node --import out/hook.js -r out/hook.cjs -- out/a.js"],
  ["node -- out/a.js", "node -- out/a.js"],
  ["node other.js --env-file=f", "node other.js --env-file=f"],
  ["node output/a.js", "node output/a.js"],
  ["out/a.js node", "out/a.js node"],
  ["sh -c x", "sh -c x"],
];

for (const [argv, expected] of CASES) {
  test(`the program's arguments are not Node.js's own: ${argv}`, () => {
    assert.equal(withNodeOptions(argv.split(" "), { outdir: "out", hasSourceMaps: false }).join(" "), expected);
  });
}

const TRACES: readonly (readonly [string, string])[] = [
  ["node out/a.js x", "node --enable-source-maps -- out/a.js x"],
  ["sudo node -- out/a.js", "sudo node --enable-source-maps -- out/a.js"],
  ["node --no-enable-source-maps out/a.js", "node --no-enable-source-maps -- out/a.js"],
  ["node --enable-source-maps -- out/a.js", "node --enable-source-maps -- out/a.js"],
  ["node other.js", "node other.js"],
];

for (const [argv, expected] of TRACES) {
  test(`stack traces name the sources unless the command says otherwise: ${argv}`, () => {
    assert.equal(withNodeOptions(argv.split(" "), { outdir: "out", hasSourceMaps: true }).join(" "), expected);
  });
}
