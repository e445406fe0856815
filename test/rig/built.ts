import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryRoot } from "./host.ts";

/** A folder with the programs as they are shipped, in its dist/: of a run of all tests, else of this process. */
export async function built(): Promise<string> {
  const ofRun = process.env["TINYDOCKER_TEST_BUILT"];
  if (ofRun !== undefined) return ofRun;
  ofProcess ??= build();
  return await ofProcess;
}

let ofProcess: Promise<string> | undefined;

async function build(): Promise<string> {
  const directory = await mkdtemp(join(temporaryRoot(), "tinydocker-test."));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  await promisify(execFile)("sh", [join(import.meta.dirname, "build.sh"), directory]);
  return directory;
}
