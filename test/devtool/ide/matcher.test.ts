import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { DIAGNOSTIC, ROUND_BEGINS, ROUND_ENDS } from "../../../devtool/ide/integration.ts";
import { needs } from "../../rig/host.ts";
import { startSshd } from "../../rig/sshd.ts";
import { freePort } from "../ports/free-port.ts";
import { type Devtool, lacks, makeProject, startDevtool } from "../rig.ts";

const [BEGINS, ENDS, PROBLEM] = [new RegExp(ROUND_BEGINS), new RegExp(ROUND_ENDS), new RegExp(DIAGNOSTIC)];

/** What VS Code's background matcher makes of a program's lines: active from the start, a round's problems at its end. */
class Matcher {
  readonly #lines: AsyncIterator<string>;
  #isActive = true;
  #problems: string[] = [];
  #began = "";
  /** The line that ended the last one. */
  end = "";

  constructor({ child }: Devtool) {
    assert.ok(child.stderr);
    this.#lines = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  }

  /** Reads to the end of the next round of that file: on a slow machine a save may be seen as several changes. */
  async round(file = ""): Promise<string[]> {
    for (;;) {
      const { value: line, done } = await this.#lines.next();
      assert.ok(!done, "devtool has ended");
      if (BEGINS.test(line)) {
        this.#isActive = true;
        this.#problems = [];
        this.#began = line;
      } else if (this.#isActive && ENDS.test(line)) {
        this.#isActive = false;
        this.end = line;
        if (this.#began.split(/[ ,]/).includes(file) || file === "") return this.#problems;
      } else {
        const [, file, row, , severity] = PROBLEM.exec(line) ?? [];
        if (file !== undefined) this.#problems.push(`${file}:${row} ${severity}`);
      }
    }
  }
}

const SOURCE = (body: string) =>
  `#include <stdio.h>\n\nint missing(void);\n\nint main(void) {\n\t${body}\n\treturn 0;\n}\n`;

test("what is said before the program is started ends no round, and a failure does", () => {
  for (const within of [
    "r: run again, p: pause, q: quit",
    "127.0.0.1:9229 here is 127.0.0.1:9229 on box",
    "/tmp/a.sock here is /run/b.sock on box",
    "localhost:80 on box is localhost:8080 here",
    "box: deleted from the mirror, as the project does not have it: x",
    "better-sqlite3@11.5.0 has no binary for box: it is installed there, once",
    "box: still waiting for the login shell; do its start-up files take long?",
    "the container publishes 80: --forward 80 makes it localhost:80 here",
  ])
    assert.doesNotMatch(`devtool: ${within}`, ENDS);
  for (const over of ["bundled 1 file, started after 9 ms", "box: native does not compile", "rsync on box is too old"])
    assert.match(`devtool: ${over}`, ENDS);
});

test("a debugger attaches once the program is started: what says where is no end of the first round", async (t) => {
  if (!needs(t, lacks("rsync", "sshd", "make", "gcc"))) return;
  const project = await makeProject(t);
  const sshd = await startSshd(t);
  const inspect = `--inspect=${await freePort()}:${await freePort()}`;
  const flags = ["--ssh-config", sshd.configFile, "--target", sshd.host, inspect];
  const matcher = new Matcher(startDevtool(t, project, ["watch", ...flags]));
  await matcher.round();
  assert.match(matcher.end, /, started after /);
});

test("a round ends for an editor in every outcome, with the problems of every tool", async (t) => {
  if (!needs(t, lacks("rsync", "sshd", "make", "gcc"))) return;
  const project = await makeProject(t);
  const sshd = await startSshd(t);
  const devtool = startDevtool(t, project, ["watch", "--ssh-config", sshd.configFile, "--target", sshd.host]);
  const matcher = new Matcher(devtool);
  const after = async (files: Record<string, string>) => {
    await project.write(files);
    return await matcher.round(Object.keys(files)[0]);
  };
  assert.deepEqual(await matcher.round(), []);
  assert.deepEqual(await after({ "src/word.ts": "export const word: string = ;\n" }), ["src/word.ts:1 error"]);
  assert.deepEqual(await after({ "src/word.ts": 'export const word = "two";\n' }), []);
  assert.deepEqual(await after({ "native/hello.c": SOURCE('puts("c1")') }), ["native/hello.c:6 error"]);
  const linker = await after({ "native/hello.c": SOURCE("missing();") });
  assert.match(linker.join(), /native\/hello\.c:\d+ error/);
  assert.deepEqual(await after({ "native/Makefile": "build/hello: hello.c\n  gcc hello.c\n" }), [
    "native/Makefile:2 error",
  ]);
  const makefile = "build/hello: hello.c\n\t@mkdir -p build\n\tgcc -Wall -o $@ hello.c\n";
  assert.deepEqual(await after({ "native/Makefile": makefile }), linker);
  assert.deepEqual(await after({ "native/hello.c": SOURCE('puts("c2");') }), []);
  // Between rounds a lost connection is no round's end; the round that follows the next one is over as any other.
  await sshd.cut();
  assert.deepEqual(await after({ "src/word.ts": 'export const word = "three";\n' }), []);
});
