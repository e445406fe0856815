import assert from "node:assert/strict";
import { readdir, readFile, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { readConfigFile } from "../../devtool/config/file.ts";
import { findConfigFile } from "../../devtool/config/find.ts";
import { detect } from "../../devtool/init/detect.ts";
import { lacks } from "../devtool/rig.ts";
import { needs } from "../rig/host.ts";
import { startSshd } from "../rig/sshd.ts";
import { copyExample, EXAMPLES, edit, roundOf, startRun } from "./example.ts";

const PROGRAMS = [
  { name: "c", tools: ["make", "gcc"], source: "main.c", builds: true },
  { name: "go", tools: ["go"], source: "main.go", builds: true },
  { name: "python", tools: ["python3"], source: "main.py", builds: false },
] as const;
const ALL: readonly string[] = [...PROGRAMS.map(({ name }) => name), "node-server"];

for (const { name, tools, source, builds } of PROGRAMS) {
  test(`examples/${name} runs, is built again only when a source has changed, and shows the change`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd", ...tools))) return;
    const example = await copyExample(t, name);
    const sshd = await startSshd(t);
    const run = async () => {
      const devtool = startRun(t, example, sshd, []);
      const { code, stderr } = await devtool.ended;
      assert.deepEqual([code, stderr], [0, ""], devtool.lines.join("\n"));
      return roundOf(devtool.lines);
    };
    const first = await run();
    assert.match(first.output, /^hello from .+\n$/);
    assert.equal(first.compiled, builds ? true : undefined);
    const again = await run();
    assert.deepEqual([again.sent, again.compiled], [0, builds ? false : undefined]);
    assert.match(again.output, /^hello from .+\n$/);
    await edit(example, source, "hello", "good morning");
    const edited = await run();
    assert.match(edited.output, /^good morning from .+\n$/);
    assert.deepEqual([edited.sent, edited.compiled], [1, first.compiled]);
  });
}

test("examples/node-server answers by its native add-on, and by an edited source after the next run", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const example = await copyExample(t, "node-server");
  await symlink(join(EXAMPLES, "../node_modules"), join(example.root, "node_modules"));
  const sshd = await startSshd(t);
  const answer = async () => {
    const devtool = startRun(t, example, sshd, ["0"]);
    await devtool.next("output");
    const text = await (await fetch(roundOf(devtool.lines).output)).text();
    devtool.child.kill("SIGTERM");
    await devtool.ended;
    return { text, sent: roundOf(devtool.lines).sent };
  };
  const first = await answer();
  assert.match(first.text, /^hello from processor \d+\n$/);
  const again = await answer();
  assert.match(again.text, /^hello from processor \d+\n$/);
  assert.equal(again.sent, 0);
  await edit(example, "src/server.ts", "hello", "good morning");
  assert.match((await answer()).text, /^good morning from processor \d+\n$/);
});

for (const name of ALL) {
  test(`examples/${name} has the configuration that devtool init writes for it`, async () => {
    const root = join(EXAMPLES, name);
    const file = findConfigFile(root);
    assert.ok(file !== undefined && dirname(file) === root, file);
    assert.deepEqual((await readConfigFile(file)).value, (await detect(root))?.config);
  });
}

for (const page of ["README.md", "README.zh-CN.md"]) {
  test(`the repository's ${page} and that of examples/ name every example`, async () => {
    const entries = await readdir(EXAMPLES, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    assert.deepEqual(names.sort(), ALL.toSorted());
    const [outer, inner] = [
      await readFile(join(EXAMPLES, "..", page), "utf8"),
      await readFile(join(EXAMPLES, page), "utf8"),
    ];
    for (const name of names) assert.ok(outer.includes(`(examples/${name})`) && inner.includes(`(${name})`), name);
  });
}
