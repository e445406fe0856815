import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { mustWork } from "./host.ts";

/**
 * Compares with the text stored in a file. UPDATE_GOLDEN=1 rewrites the file. A missing one is written, to be reviewed
 * and committed; under CI=true or MUST_WORK=1 it fails the test, because a comparison with what was just written proves
 * nothing.
 */
export function golden(path: string, text: string, env: NodeJS.ProcessEnv = process.env): void {
  const update = env["UPDATE_GOLDEN"] === "1";
  if (update || !existsSync(path)) {
    if (!update && mustWork(env)) assert.fail(`${path} is missing; UPDATE_GOLDEN=1 writes it`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  assert.equal(text, readFileSync(path, "utf8"));
}
