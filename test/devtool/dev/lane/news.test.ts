import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { News } from "../../../../devtool/dev/lane/news.ts";
import type { EventLine } from "../../../../devtool/report/events.ts";
import { needs } from "../../../rig/host.ts";
import { lacks, makeProject, startDevtool } from "../../rig.ts";

test("what is said of a file is news once, and again after a sync that looked at the file and did not say it", () => {
  const news = new News();
  const [pipe, other] = ["a/pipe is left out", "b is left out"];
  assert.deepEqual(news.of([pipe, other], undefined), [pipe, other]);
  assert.deepEqual(news.of([pipe, other], undefined), []);
  assert.deepEqual(news.of([pipe], ["a/x"]), [], "its folder was listed again");
  assert.deepEqual(news.of([], ["a/pip", "a"]), []);
  assert.deepEqual(news.of([pipe, other], undefined), []);
  assert.deepEqual(news.of([], ["a/pipe"]), []);
  assert.deepEqual(news.of([pipe], ["a/pipe"]), [pipe]);
  assert.deepEqual(news.of([pipe], undefined), []);
  assert.deepEqual(news.of([pipe, other], undefined), [other]);
});

test("a watch says once that a pipe of the project is left out, over rounds of a file and of everything, and nothing of one that git ignores", async (t) => {
  if (!needs(t, lacks("rsync", "mkfifo"))) return;
  const config = (word: string) => `{ "run": ["echo", "${word}"], "sync": { "exclude": ["/ignored"] } }\n`;
  const project = await makeProject(t, { "devtool.config.json": config("one") });
  await rm(join(project.root, "devtool.config.ts"));
  for (const name of ["pipe", "ignored"]) execFileSync("mkfifo", [join(project.root, name)]);
  const devtool = startDevtool(t, project, ["watch", "--json", "--target", "local"]);
  /** A round is over that has a change of `path`. */
  const over = async (path: string) => {
    let round = 0;
    while (round === 0) {
      const changed = await devtool.next("changed");
      if (changed.paths?.includes(path)) round = changed.round ?? 0;
    }
    for (let last = 0; last < round; ) last = (await devtool.next("exited")).round ?? 0;
  };
  const told = () =>
    devtool.lines.flatMap((line) => {
      const event = JSON.parse(line) as EventLine;
      return event.event === "notice" && event.text.includes("skipped") ? [event.text] : [];
    });
  assert.equal((await devtool.next("exited")).code, 0);
  assert.deepEqual(told(), ["pipe is neither file, directory nor symlink; skipped"]);
  await rm(join(project.root, "src/word.ts"));
  await over("src/word.ts");
  await project.write({ "devtool.config.json": config("two") }); // everything is compared
  await over("devtool.config.json");
  await rm(join(project.root, "package.json")); // the pipe's folder is listed again
  await over("package.json");
  assert.equal(told().length, 1, told().join("\n"));
  await rm(join(project.root, "pipe"));
  await over("pipe");
  execFileSync("mkfifo", [join(project.root, "pipe")]);
  await project.write({ more: "" });
  await over("more");
  assert.equal(told().length, 2, told().join("\n"));
});
