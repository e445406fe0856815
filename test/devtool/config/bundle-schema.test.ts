import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { bundle } from "../../../devtool/config/bundle-schema.ts";
import { REFUSED_OPTIONS } from "../../../devtool/config/refused-options.ts";

const OURS = ["entryPoints", "outdir", "addons", "incremental"];

/** The names of the options that esbuild's own declarations have. */
function optionsOfEsbuild(): string[] {
  const file = join(createRequire(import.meta.url).resolve("esbuild"), "../main.d.ts");
  const text = readFileSync(file, "utf8");
  return ["interface CommonOptions", "interface BuildOptions"].flatMap((head) => {
    const body = text.slice(text.indexOf(head));
    return [...body.slice(0, body.indexOf("\n}")).matchAll(/^ {2}(\w+)\??:/gm)].map(([, name = ""]) => name);
  });
}

test("each of esbuild's options is either taken or refused with a reason", () => {
  const taken = Object.keys(bundle.shape).filter((name) => !OURS.includes(name));
  const known = [...taken, ...Object.keys(REFUSED_OPTIONS)];
  const theirs = optionsOfEsbuild().filter((name) => !OURS.includes(name));
  assert.deepEqual(known.sort(), theirs.sort());
});
