import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Failure } from "../../../devtool/failure.ts";
import { programEnvironment } from "../../../devtool/run/environment.ts";
import { locale } from "../../../devtool/run/locale.ts";
import { temporaryDirectory } from "../../rig/host.ts";

const NEVER = new AbortController().signal;

test("the locale is that of this machine, without what only macOS knows", () => {
  const env = { LANG: "de_DE.UTF-8", LC_TIME: "C", LC_CTYPE: "UTF-8", LC_ALL: "", LANGUAGE: "de", TERM: "xterm" };
  assert.deepEqual(locale(env), { LANG: "de_DE.UTF-8", LC_TIME: "C" });
});

test("a file's variables are over the locale, and the configuration's over the file's", async (t) => {
  const envFile = join(await temporaryDirectory(t), ".env");
  await writeFile(envFile, "# a comment\nA=file\nB='two words'\nLANG=C\n");
  const { A, B, LANG } = await programEnvironment({ env: { A: "config" }, envFile }, NEVER);
  assert.deepEqual([A, B, LANG], ["config", "two words", "C"]);
});

/** A file, and the number of the line that is not valid. */
const MALFORMED: readonly (readonly [string, number])[] = [
  ["A=1\nSECRET\n", 2],
  ["=secret\n", 1],
  ["A B=secret\n", 1],
  ["A='one\n# two\n'\nB\n", 4],
];

for (const [content, line] of MALFORMED) {
  test(`a line that is not NAME=value is refused by its number, without what is in it: ${JSON.stringify(content)}`, async (t) => {
    const envFile = join(await temporaryDirectory(t), ".env");
    await writeFile(envFile, content);
    await assert.rejects(programEnvironment({ env: {}, envFile }, NEVER), {
      message: `${envFile}:${line}: a line must be NAME=value, or a comment that begins with #`,
      exitCode: 2,
    });
  });
}

test("what Node.js takes for a variable is none of these", async (t) => {
  const envFile = join(await temporaryDirectory(t), ".env");
  await writeFile(envFile, `\ufeffA=1\r\n\r\n# c\nexport B = "two\nC\n" # end\nD=it's\nE=\n`);
  const { A, B, D, E } = await programEnvironment({ env: {}, envFile }, NEVER);
  assert.deepEqual([A, B, D, E], ["1", "two\nC\n", "it's", ""]);
});

test("a file that can't be read is a Failure with its name, and shows no value", async (t) => {
  const envFile = join(await temporaryDirectory(t), ".env");
  await assert.rejects(
    programEnvironment({ env: {}, envFile }, NEVER),
    (error) => error instanceof Failure && error.exitCode === 2 && error.message.includes(`${envFile}: no such file`),
  );
});

test("a named pipe that nobody writes to is waited for until the signal, and what is written goes to one reader", async (t) => {
  const envFile = join(await temporaryDirectory(t), ".env");
  execFileSync("mkfifo", [envFile]);
  const reads = [1, 2].map(() => programEnvironment({ env: {}, envFile }, NEVER, {}));
  await writeFile(envFile, "A=1\n");
  assert.deepEqual(await reads[0], { A: "1" });
  await writeFile(envFile, "A=2\n");
  assert.deepEqual(await reads[1], { A: "2" });
  const abort = new AbortController();
  const waiting = programEnvironment({ env: {}, envFile }, abort.signal, {});
  abort.abort(new Error("ended"));
  await assert.rejects(waiting, { message: "ended" });
});
