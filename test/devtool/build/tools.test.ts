import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { TOOLS } from "../../../devtool/build/tools.ts";
import { temporaryDirectory } from "../../rig/host.ts";

test("make builds its goals, anew with -B, and is asked with -q whether that is needed", () => {
  assert.deepEqual(TOOLS.make(["all"]), {
    argv: ["make", "all", "--silent", "--print-directory"],
    anew: ["make", "all", "-B", "--silent", "--print-directory"],
    query: ["make", "all", "-q"],
  });
});

test("cargo and go build everything unless the configuration says what", () => {
  assert.deepEqual(TOOLS.cargo(["--release"]).argv, ["cargo", "build", "--release"]);
  assert.deepEqual(TOOLS.go([]).argv, ["go", "build", "./..."]);
  assert.deepEqual(TOOLS.go(["-o", "app", "."]).argv, ["go", "build", "-o", "app", "."]);
});

test("cmake is configured with the arguments of the configuration until it is built, and not built where that fails", async (t) => {
  const root = await temporaryDirectory(t);
  const script = `#!/bin/sh
echo "$@" >>log
case "$1" in -S) [ -e fail ] && exit 3; mkdir -p build; : >build/CMakeCache.txt ;; esac
`;
  await mkdir(join(root, "bin"));
  await writeFile(join(root, "bin/cmake"), script);
  await chmod(join(root, "bin/cmake"), 0o755);
  const { argv, anew = [] } = TOOLS.cmake(["-DA=b c"]);
  const run = ([file = "", ...args]: readonly string[]) =>
    promisify(execFile)(file, args, { cwd: root, env: { PATH: `${root}/bin:${process.env["PATH"]}` } });
  await writeFile(join(root, "fail"), "");
  await assert.rejects(run(anew), { code: 3 });
  await promisify(execFile)("rm", ["fail", "log"], { cwd: root });
  await run(argv);
  await run(argv);
  await run(anew);
  const [configure, build] = ["-S . -B build -DA=b c\n", "--build build --parallel\n"];
  assert.equal(await readFile(join(root, "log"), "utf8"), `${configure}${build}${build}${configure}${build}`);
});
