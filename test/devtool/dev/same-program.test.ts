import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { needs } from "../../rig/host.ts";
import { type Devtool, lacks, makeProject, type Project, startDevtool } from "../rig.ts";

const MAIN = (text: string) =>
  `process.on("SIGTERM", () => { console.log("ended"); process.exit(); });\nconsole.log("${text}");\n`;

/** A program that prints its text and, unless `ends`, runs until it is ended. */
async function watching(t: TestContext, ends: boolean, files: Readonly<Record<string, string>> = {}) {
  const config = {
    bundle: { entryPoints: { main: "src/main.ts" } },
    run: ["node", ".devtool/main.js"],
    sync: { include: ["/data"] },
  };
  const rest = ends ? "" : "setInterval(() => {}, 1000);\n";
  const main = (text: string) => ({ "src/main.ts": MAIN(text) + rest });
  const project = await makeProject(t, {
    "devtool.config.ts": `export default ${JSON.stringify(config)};\n`,
    data: "",
    ...main("one"),
    ...files,
  });
  const devtool = startDevtool(t, project, ["watch", "--json", "--target", "local"]);
  assert.equal(await printed(devtool), "one\n");
  if (ends) await devtool.next("exited");
  return { project, devtool, main };
}

async function printed(devtool: Devtool): Promise<string> {
  const output = await devtool.next("output");
  return "data" in output ? output.data : "";
}

/** Of the rounds so far, the numbers of those that started the program. */
function starts({ lines }: Devtool): unknown[] {
  const events = lines.map((line) => JSON.parse(line) as { event: string; round: number });
  return events.filter(({ event }) => event === "started").map(({ round }) => round);
}

async function addComment(project: Project, files: Readonly<Record<string, string>>): Promise<void> {
  await project.write({ "src/main.ts": `// a comment\n\n${files["src/main.ts"]}` });
}

for (const ends of [false, true]) {
  test(`a comment starts nothing again where the program ${ends ? "has ended" : "runs"}, and its source map is sent`, async (t) => {
    if (!needs(t, lacks("rsync"))) return;
    const { project, devtool, main } = await watching(t, ends);
    await addComment(project, main("one"));
    assert.equal((await devtool.next("synced")).files, 1);
    assert.equal((await devtool.next("finished")).round, 2);
    assert.deepEqual(starts(devtool), [1]);
    await project.write(main("two"));
    assert.equal(await printed(devtool), ends ? "two\n" : "ended\n");
    if (!ends) assert.equal(await printed(devtool), "two\n");
    assert.deepEqual(starts(devtool), [1, 3]);
  });
}

test("a save with an error leaves the program alone, and so does the one that takes the error back", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const { project, devtool, main } = await watching(t, false);
  await project.write(main('" + ;'));
  assert.equal((await devtool.next("failed")).code, "bundle-failed");
  await project.write(main("one"));
  assert.equal((await devtool.next("finished")).round, 3);
  await project.write(main('" + ;'));
  await devtool.next("failed");
  await project.write(main("two"));
  assert.deepEqual([await printed(devtool), await printed(devtool)], ["ended\n", "two\n"]);
  assert.deepEqual(starts(devtool), [1, 5]);
});

test("a change of another file starts the program again, also after a save with an error", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const { project, devtool, main } = await watching(t, false, {
    "src/main.ts": `${MAIN("one")}setInterval(() => {}, 1000);\n`,
  });
  await project.write({ data: "1" });
  assert.deepEqual([await printed(devtool), await printed(devtool)], ["ended\n", "one\n"]);
  for (const files of [main('" + ;'), { data: "2" }]) {
    await project.write(files);
    await devtool.next("failed");
  }
  await project.write(main("one"));
  assert.deepEqual([await printed(devtool), await printed(devtool)], ["ended\n", "one\n"]);
});
