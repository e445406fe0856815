import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import { traces } from "../rig/leaks.ts";
import { tinydocker } from "../rig/tinydocker.ts";

const rig = await tinydocker({ after });

/** The commands of a page, as one would type them. */
function commandsOf(page: string): string[] {
  return [...readFileSync(page, "utf8").matchAll(/^\$ tinydocker (.*)$/gm)].map(([, words = ""]) => words);
}

/** As a shell splits them. */
function type(words: string) {
  return rig.run([], {
    prefix: ["sh", "-c", `exec "$0" "$@" ${words}`],
    env: { TINYDOCKER_NETWORK: "none" },
  });
}

describe("docs/life.md", () => {
  it("has the same commands in both languages, and each of them works", async () => {
    const commands = commandsOf("docs/life.md");
    assert.deepEqual(commandsOf("docs/life.zh-CN.md"), commands);
    assert.ok(commands.length >= 10);
    for (const words of commands) {
      const { code, stderr } = await type(words);
      assert.deepEqual([code, stderr], [0, ""], words);
    }
    assert.deepEqual(traces(rig.root).state, []);
  });
});
