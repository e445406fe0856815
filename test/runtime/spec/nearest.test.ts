import assert from "node:assert/strict";
import { it } from "node:test";
import { didYouMean } from "../../../runtime/spec/nearest.ts";

it("what begins as it was written is meant rather than what has fewer other letters", () => {
  const options = ["--all", "--filter", "--format"];
  assert.equal(didYouMean("--fil", options), "did you mean --filter?");
  assert.equal(didYouMean("--al", options), "did you mean --all?");
  assert.equal(didYouMean("--fromat", options), "did you mean --format?");
  assert.equal(didYouMean("--nothing", options), undefined);
});
