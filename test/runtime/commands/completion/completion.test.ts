import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import { withCommands } from "../../../../runtime/commands/command-line.ts";
import { candidatesFor } from "../../../../runtime/commands/completion/candidates.ts";
import { nodesOf } from "../../../../runtime/commands/completion/tree.ts";
import { IMAGE_VERBS } from "../../../../runtime/commands/image/image.ts";
import { IMAGE_TRANSFERS } from "../../../../runtime/commands/image/transfers.ts";
import { NETWORK_VERBS } from "../../../../runtime/commands/network.ts";
import { EXEC_OPTIONS } from "../../../../runtime/commands/run/exec-arguments.ts";
import { RUN_OPTIONS } from "../../../../runtime/commands/run/run-arguments.ts";
import { SYSTEM_VERBS } from "../../../../runtime/commands/system.ts";
import { GROUPS, LOADED } from "../../../../runtime/commands/verbs/run-verb.ts";
import type { Verbs } from "../../../../runtime/commands/verbs/verb.ts";
import { VERBS } from "../../../../runtime/commands/verbs/verbs.ts";
import { VOLUME_VERBS } from "../../../../runtime/commands/volume.ts";
import { needs } from "../../../rig/host.ts";
import { echoing, SHELLS, typeAt } from "../../../rig/shells.ts";
import { importBusybox, type Tinydocker, tinydocker } from "../../../rig/tinydocker.ts";

const NODES = nodesOf(withCommands);
const NAMES = { container: ["web", "db"], image: ["box", "debian:13"], network: ["bridge", "back"], volume: ["data"] };

/** What the last of the words may become. */
function after(...words: readonly string[]): string[] {
  const found = candidatesFor(NODES, words.slice(0, -1), words.at(-1) ?? "", (kind) => NAMES[kind]);
  return found.map(({ text }) => text);
}

test("every command and option of the help is named, with what it is about", () => {
  const commands = after("");
  for (const name of ["run", "exec", "create", "images", "completion", ...Object.keys(VERBS)])
    assert.ok(commands.includes(name), name);
  const long = (options: object) => [...Object.keys(options), "help"].map((name) => `--${name}`);
  assert.deepEqual(after("run", "-"), long(RUN_OPTIONS));
  assert.deepEqual(after("exec", "-"), long(EXEC_OPTIONS));
  for (const [name, { options }] of Object.entries(VERBS)) assert.deepEqual(after(name, "-"), long(options));
  assert.deepEqual(after("volume", "ls", "--"), ["--json", "--quiet", "--filter", "--format", "--help"]);
  assert.deepEqual(after("volume", "pr"), ["prune"]);
  const [first] = candidatesFor(NODES, [], "rmi", () => []);
  assert.deepEqual(first, { text: "rmi", about: "Remove images that no container uses" });
});

test("each verb of the help is one that can be run, and the same one", async () => {
  assert.deepEqual(Object.keys(LOADED), Object.keys(VERBS));
  for (const [name, load] of Object.entries(LOADED)) assert.equal((await load()).describe, VERBS[name]?.describe);
});

test("each verb of images, networks, volumes and the system is one that can be run, and the same one", async () => {
  const images = { ...IMAGE_TRANSFERS, ...IMAGE_VERBS };
  const all = { image: images, network: NETWORK_VERBS, volume: VOLUME_VERBS, system: SYSTEM_VERBS };
  for (const [group, verbs] of Object.entries<Verbs>(all))
    for (const [name, { describe }] of Object.entries(verbs))
      assert.equal((await GROUPS[group]?.(name))?.[name]?.describe, describe, `${group} ${name}`);
});

test("operands and values are named where something of that kind belongs", () => {
  assert.deepEqual(after("stop", ""), ["web", "db"]);
  assert.deepEqual(after("rm", "-f", "web", ""), ["db"]);
  assert.deepEqual(after("logs", "--tail", "3", "w"), ["web"]);
  assert.deepEqual(after("logs", "web", ""), []);
  assert.deepEqual(after("exec", "-it", ""), ["web", "db"]);
  assert.deepEqual(after("cp", "w"), ["web:"]);
  assert.deepEqual(after("image", "rm", "d"), ["debian:13"]);
  assert.deepEqual(after("pull", "b"), ["box"]);
  assert.deepEqual(after("inspect", ""), ["web", "db", "box", "debian:13", "data", "bridge", "back"]);
  assert.deepEqual(after("inspect", "--type", "volume", "web", "d"), ["db", "debian:13", "data"]);
  assert.deepEqual(after("inspect", "--type", "vo"), ["volume"]);
  assert.deepEqual(after("network", "rm", "ba"), ["back"]);
  assert.deepEqual(after("network", "connect", "--ip", "10.1.0.9", ""), ["bridge", "back"]);
  assert.deepEqual(after("network", "disconnect", "back", ""), ["web", "db"]);
  assert.deepEqual(after("network", "connect", "back", "web", ""), []);
  assert.deepEqual(after("volume", "inspect", "data", ""), []);
  assert.deepEqual(after("run", "--network=b"), ["--network=bridge", "--network=back"]);
  assert.deepEqual(after("run", "--network", ""), ["bridge", "back", "host", "none"]);
  assert.deepEqual(after("run", "-itv", ""), ["data:"]);
  assert.deepEqual(after("run", "--image", "b"), ["box"]);
  assert.deepEqual(after("run", "--restart", "un"), ["unless-stopped"]);
  assert.deepEqual(after("completion", ""), ["bash", "zsh", "fish"]);
});

test("nothing is named where a new name, another program's word or a file belongs", () => {
  for (const words of ["run ", "run web --", "exec web --", "top web -", "load -i ", "volume create ", "nonsense "])
    assert.deepEqual(after(...words.split(" ")), [], words);
});

/** What is typed, and what tinydocker then gets. */
const TYPED: readonly (readonly [string, string])[] = [
  ["tinydocker unp\t", "ran <unpause>"],
  ["tinydocker rmi b\t", "ran <rmi> <box>"],
  ["tinydocker network rm ba\t", "ran <network> <rm> <back>"],
  ["tinydocker run -v da\t/srv", "ran <run> <-v> <data:/srv>"],
  ["tinydocker logs --ti\tw\t", "ran <logs> <--timestamps> <web>"],
  ["tinydocker load -i fi\t", "ran <load> <-i> <file.tar>"],
  ["tinydocker load --input=fi\t", "ran <load> <--input=file.tar>"],
];

let rig: Tinydocker;
const ended: (() => Promise<void>)[] = [];
before(async () => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return;
  rig = await tinydocker({ after: (cleanup) => void ended.push(cleanup) });
});

test("bash, zsh and fish complete commands, options, names and files", async (t) => {
  if (!needs(t, lacks("bash", "zsh", "fish", "script"))) return;
  await withThings(t);
  await echoing(rig.directory, "tinydocker", [
    process.execPath,
    "--",
    join(import.meta.dirname, "../../../../dist/tinydocker.cjs"),
  ]);
  await writeFile(join(rig.directory, "file.tar"), "");
  const { directory, root } = rig;
  const path = `${directory}:${process.env["PATH"]}`;
  const env = { ...process.env, HOME: directory, PATH: path, TERM: "xterm", TINYDOCKER_ROOT: root };
  for (const shell of SHELLS) {
    const load = shell.load(`tinydocker completion ${shell.name}`);
    const ran = await typeAt(
      shell,
      { cwd: directory, env },
      load,
      TYPED.map(([line]) => line),
    );
    const expected = TYPED.map(([, answer]) => answer);
    assert.deepEqual(ran, expected, shell.name);
  }
});

/** A container, an image, a network and a volume. */
async function withThings(t: TestContext): Promise<void> {
  t.after(async () => {
    await rig.run(["rm", "web"]);
    await rig.run(["network", "rm", "back"]);
    for (const end of ended) await end();
  });
  await importBusybox(rig);
  for (const args of [
    ["create", "--image", "box", "web", "true"],
    ["network", "create", "back"],
    ["volume", "create", "data"],
  ]) {
    const { code, stderr } = await rig.run(args);
    assert.equal(code, 0, stderr);
  }
}

function lacks(...programs: readonly string[]): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "root on Linux";
  const missing = programs.filter((program) => spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0);
  return missing.length > 0 ? missing.join(", ") : undefined;
}
