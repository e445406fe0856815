import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutContainer } from "../../../runtime/commands/container-words.ts";

const CASES: readonly (readonly [string, string])[] = [
  ["container ls -a", "ps -a"],
  ["container list", "ps"],
  ["container remove -f x", "rm -f x"],
  ["container inspect x", "inspect --type container x"],
  ["container run --rm x container ls", "run --rm x container ls"],
  ["container prune -f", "prune -f"],
  ["container pull x", "container pull x"],
  ["container toString", "container toString"],
  ["container", "container"],
  ["run container ls", "run container ls"],
];

test("docker's word container is left out before a command about containers, and nowhere else", () => {
  for (const [written, meant] of CASES) assert.equal(withoutContainer(written.split(" ")).join(" "), meant);
});
