import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isCore } from "../rig/architecture.ts";
import { temporaryDirectory } from "../rig/host.ts";
import { sourcesIn } from "../rig/sources.ts";

const PROJECT = join(import.meta.dirname, "../..");
const TSC = join(PROJECT, "node_modules/typescript/bin/tsc");
/** The one thing beyond the language that an engine must have. */
const TEXT_ENCODER = `declare class TextEncoder {
  encode(text: string): Uint8Array;
  encodeInto(text: string, into: Uint8Array): { read: number; written: number };
}
`;

/** What the compiler reports about these files where only the language itself is declared. */
function compile(...files: readonly string[]): Promise<string> {
  const language = ["--ignoreConfig", "--types", "", "--lib", "es2023", "--target", "es2023", "--module", "nodenext"];
  const argv = [
    TSC,
    ...language,
    "--strict",
    "--noEmit",
    "--allowImportingTsExtensions",
    "--pretty",
    "false",
    ...files,
  ];
  return new Promise((resolve) => execFile(process.execPath, argv, { cwd: PROJECT }, (_, stdout) => resolve(stdout)));
}

test("the core of tinydocker names nothing that is not of the language, as the compiler sees it", async (t) => {
  const directory = await temporaryDirectory(t);
  const [declared, broken] = [join(directory, "engine.d.ts"), join(directory, "broken.ts")];
  await writeFile(declared, TEXT_ENCODER);
  const core = [...sourcesIn("runtime").keys()].filter(isCore);
  assert.ok(core.includes("runtime/plan/codec.ts"));
  assert.equal(await compile(declared, ...core), "");

  const uses = [
    'const a = Buffer.from("a");',
    "const b = (bytes: Buffer) => bytes.length;",
    "const c = (value: unknown) => value instanceof Buffer;",
    "const d = process.platform;",
    'const e = new URL("file:///");',
    "const f = (env: NodeJS.ProcessEnv) => env;",
    "const g = globalThis.setTimeout;",
  ];
  await writeFile(broken, `export {};\n${uses.join("\n")}\n`);
  const reported = (await compile(declared, broken)).match(/(?<=broken\.ts\()\d+/g);
  assert.deepEqual(
    reported?.map(Number),
    Array.from(uses.keys(), (index) => index + 2),
  );
});
