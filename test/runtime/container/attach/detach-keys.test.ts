import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { detachKeys, watchKeys } from "../../../../runtime/container/attach/detach-keys.ts";

describe("--detach-keys", () => {
  it("are docker's words", () => {
    assert.deepEqual([...detachKeys()], [16, 17]);
    assert.deepEqual([...detachKeys("ctrl-a,d")], [1, 100]);
    assert.deepEqual([...detachKeys("ctrl-@,ctrl-],ctrl-_")], [0, 29, 31]);
    for (const wrong of ["", "ctrl-", "ctrl-1", "ab", "a,,b"])
      assert.throws(() => detachKeys(wrong), /takes keys such as/);
  });

  it("are held back until they are typed, or something else is", () => {
    const watch = watchKeys(detachKeys("a,b"));
    const typed = (text: string) => {
      const { passed, detached } = watch(Buffer.from(text));
      return [passed.toString(), detached];
    };
    assert.deepEqual(typed("xa"), ["x", false]);
    assert.deepEqual(typed("c"), ["ac", false]);
    assert.deepEqual(typed("aab"), ["a", true]);
  });
});
