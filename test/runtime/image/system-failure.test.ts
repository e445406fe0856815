import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Failure } from "../../../runtime/failure.ts";
import { systemFailure } from "../../../runtime/image/system-failure.ts";

const remedyFor = (path: string) => {
  const error = Object.assign(new Error("EACCES"), { code: "EACCES", errno: -13, syscall: "open", path });
  const failure = systemFailure("can't load x", "/state/root", "import-failed", error);
  assert.ok(failure instanceof Failure);
  assert.equal(failure.message, `can't load x: permission denied (${path})`);
  return failure.remedy;
};

describe("a file that may not be opened", () => {
  it("is told with another state directory where it is of that, or on the way there", () => {
    for (const path of ["/state/root/layers/x", "/state/root", "/state"])
      assert.match(remedyFor(path) ?? "", /^run as root, or set TINYDOCKER_ROOT .* instead of \/state\/root$/);
  });

  it("is told alone where it is elsewhere, as what is loaded", () => {
    for (const path of ["/home/x.tar", "/state/root2/x"]) assert.equal(remedyFor(path), undefined);
  });
});
