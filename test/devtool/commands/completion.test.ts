import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { needs } from "../../rig/host.ts";
import { devtoolArgv } from "../../rig/project.ts";
import { echoing, SHELLS, typeAt } from "../../rig/shells.ts";
import { lacks, makeProject } from "../rig.ts";

/** A name that is a program's arguments, and not a command. */
const STRANGE = "od d$(touch made)'s";

/** What is typed, and what devtool then gets. */
const TYPED: readonly (readonly [string, string])[] = [
  ["devtool statu\t", "ran <status>"],
  ["devtool run --tim\t", "ran <run> <--timings>"],
  ["devtool run --target prod\t", "ran <run> <--target> <production>"],
  ["devtool run --target=prod\t", "ran <run> <--target=production>"],
  ["devtool run --target production,o\t", `ran <run> <--target> <production,${STRANGE}>`],
  ["devtool --format git\t sync", "ran <--format> <github> <sync>"],
  ["devtool pull fi\t", "ran <pull> <file.txt>"],
  ["devtool --config=file.t\t status", "ran <--config=file.txt> <status>"],
];

for (const shell of SHELLS) {
  test(`${shell.name} completes commands, options, targets of the configuration and files`, async (t) => {
    if (!needs(t, lacks(shell.name, "script"))) return;
    const targets = { production: { kind: "local" }, [STRANGE]: { kind: "local" } };
    const project = await makeProject(t, { "devtool.config.json": JSON.stringify({ targets }), "file.txt": "" });
    await rm(join(project.root, "devtool.config.ts"));
    await echoing(project.home, "devtool", devtoolArgv([]));
    const env = { ...process.env, HOME: project.home, PATH: `${project.home}:${process.env["PATH"]}`, TERM: "xterm" };
    const place = { cwd: project.root, env };
    const lines = TYPED.map(([line]) => line);
    const ran = await typeAt(shell, place, shell.load(`devtool completion ${shell.name}`), lines);
    assert.deepEqual(
      ran,
      TYPED.map(([, expected]) => expected),
    );
    assert.ok(!existsSync(join(project.root, "made")));
  });
}
