import assert from "node:assert/strict";
import { test } from "node:test";
import { COMMANDS, ONLY_OF, OPTIONS } from "../../../devtool/command-line/tables.ts";
import { candidatesFor } from "../../../devtool/completion/candidates.ts";

/** What the last of the words may become, where the configuration `other` has another target. */
async function after(...words: readonly string[]): Promise<string[]> {
  const names = async (config: string | undefined) => (config === "other" ? ["elsewhere"] : ["box", "box2"]);
  const found = await candidatesFor(words.slice(0, -1), words.at(-1) ?? "", names);
  return found.map(({ text }) => text);
}

test("every command is named with what it is about, and every option behind those that have it", async () => {
  assert.deepEqual(await after(""), Object.keys(COMMANDS));
  assert.deepEqual(await after("help", "des"), ["destroy"]);
  const [first] = await candidatesFor([], "sta", async () => []);
  assert.deepEqual(first, { text: "stats", about: COMMANDS.stats.about });
  for (const name of Object.keys(OPTIONS)) {
    const commands = ONLY_OF[name];
    assert.equal((await after("sync", "--")).includes(`--${name}`), commands?.includes("sync") ?? true, name);
    assert.ok((await after("--")).includes(`--${name}`));
  }
});

test("values that are known are named: formats, modes, editors, shells", async () => {
  assert.deepEqual(await after("run", "--format", ""), ["human", "json", "sarif", "github"]);
  assert.deepEqual(await after("run", "--format=g"), ["--format=github"]);
  assert.deepEqual(await after("watch", "--on-busy", "q"), ["queue"]);
  assert.deepEqual(await after("config", ""), ["print", "schema"]);
  assert.deepEqual(await after("ide", "z"), ["zed"]);
  assert.deepEqual(await after("--json", "completion", ""), ["bash", "zsh", "fish", "powershell"]);
});

test("targets are those of the configuration that is given, local and vagrant, each once", async () => {
  assert.deepEqual(await after("run", "--target", ""), ["box", "box2", "local", "vagrant"]);
  assert.deepEqual(await after("--target=b"), ["--target=box", "--target=box2"]);
  assert.deepEqual(await after("run", "--target", "box,local,"), ["box,local,box2", "box,local,vagrant"]);
  assert.deepEqual(await after("--config", "other", "run", "--target", "e"), ["elsewhere"]);
  assert.deepEqual(await after("--config=other", "run", "--target", "e"), ["elsewhere"]);
});

test("nothing is named where another program's words or a file belongs", async () => {
  for (const words of [
    ["run", "sh", "--"],
    ["exec", ""],
    ["up", "--"],
    ["config", "print", ""],
    ["pull", ""],
    ["--config", "help", "sh", ""],
    ["--config", ""],
    ["rnu", ""],
  ]) {
    assert.deepEqual(await after(...words), [], words.join(" "));
  }
});
