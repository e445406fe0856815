import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { asksForHelp, asYargsHasThem } from "../../../runtime/commands/asks-for-help.ts";

describe("help is asked for", () => {
  for (const words of ["images --help", "images -q --help=true", "pull -h", "exec -h", "run --help", "network rm -h"])
    it(`by ${words}`, () => assert.ok(asksForHelp(words.split(" "))));

  for (const words of ["run -h host c1 true", "run c1 true --help", "exec c1 ls --help", "top c1 -h", "rm -- --help"])
    it(`not by ${words}`, () => assert.ok(!asksForHelp(words.split(" "))));

  it("by docker's words, which yargs has as others", () => {
    assert.deepEqual(asYargsHasThem(["help", "network", "ls"]), ["network", "ls", "--help"]);
    assert.deepEqual(asYargsHasThem(["help", "container", "ls"]), ["ps", "--help"]);
    assert.deepEqual(asYargsHasThem(["pull", "-h"]), ["pull", "--help"]);
    assert.deepEqual(asYargsHasThem(["-h"]), ["--help"]);
  });
});
