import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Failure } from "../../../devtool/failure.ts";
import { locale, programEnvironment } from "../../../devtool/run/environment.ts";
import { temporaryDirectory } from "../../rig/host.ts";

test("the locale is that of this machine, without what only macOS knows", () => {
  const env = { LANG: "de_DE.UTF-8", LC_TIME: "C", LC_CTYPE: "UTF-8", LC_ALL: "", LANGUAGE: "de", TERM: "xterm" };
  assert.deepEqual(locale(env), { LANG: "de_DE.UTF-8", LC_TIME: "C" });
});

test("a file's variables are over the locale, and the configuration's over the file's", async (t) => {
  const envFile = join(await temporaryDirectory(t), ".env");
  await writeFile(envFile, "# a comment\nA=file\nB='two words'\nLANG=C\n");
  const { A, B, LANG } = await programEnvironment({ env: { A: "config" }, envFile });
  assert.deepEqual([A, B, LANG], ["config", "two words", "C"]);
});

test("a file that can't be read is a Failure with its name, and shows no value", async (t) => {
  const envFile = join(await temporaryDirectory(t), ".env");
  await assert.rejects(
    programEnvironment({ env: {}, envFile }),
    (error) => error instanceof Failure && error.exitCode === 2 && error.message.includes(`${envFile}: no such file`),
  );
});
