import assert from "node:assert/strict";
import test from "node:test";
import { parseHostSpec } from "../../../../../devtool/targets/ssh/config/host-spec.ts";
import { interpret } from "../../../../../devtool/targets/ssh/config/settings.ts";
import { routeTo } from "../../../../../devtool/targets/ssh/route/route.ts";

/** Routes by a configuration that has only ProxyJump. */
function routes(jumps: Readonly<Record<string, string>>) {
  return async (host: string) => {
    const hops = await routeTo(parseHostSpec(host), async (spec) => {
      const options = new Map([
        ["port", [String(spec.port ?? 22)]],
        ...(jumps[spec.host] ? [["proxyjump", [jumps[spec.host] ?? ""]] as const] : []),
      ]);
      return interpret(spec, options, "/home");
    });
    return hops.map(({ hostName }) => hostName);
  };
}

test("a route leads through every jump host in turn, the first one's own included", async () => {
  assert.deepEqual(await routes({})("h"), ["h"]);
  assert.deepEqual(await routes({ h: "a" })("h"), ["a", "h"]);
  assert.deepEqual(await routes({ h: "a,b", a: "c", b: "ignored" })("h"), ["c", "a", "b", "h"]);
});

test("a jump host that names itself is reached directly, and a loop of two is refused", async () => {
  assert.deepEqual(await routes({ h: "a", a: "a" })("h"), ["a", "h"]);
  await assert.rejects(routes({ a: "b", b: "a" })("a"), /at most 8 jump hosts/);
});
