import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** Containers of tests about other things leave this machine's network alone. */
process.env["TINYDOCKER_NETWORK"] ??= "none";

/** Whether every test must run; otherwise a test is skipped if the machine lacks what it needs. */
export function mustWork(env: NodeJS.ProcessEnv = process.env): boolean {
  return env["CI"] === "true" || env["MUST_WORK"] === "1";
}

/** Skips the test when `missing` names something this host lacks; fails it under CI=true or MUST_WORK=1. */
export function needs(test: Pick<TestContext, "skip">, missing: string | undefined, env = process.env): boolean {
  if (missing === undefined) return true;
  if (mustWork(env)) throw new Error(`this host must run the test, but lacks: ${missing}`);
  test.skip(`this host lacks: ${missing}`);
  return false;
}

/** A test that ends: a TestContext, or a whole file of tests. */
export interface Scope {
  after(cleanup: () => Promise<void>): void;
}

/**
 * Where tests create their directories: in TMPDIR, which npm test sets to the run's own directory; otherwise in
 * /var/tmp on Linux, because an overlay's upper layer can't always be on /tmp.
 */
export function temporaryRoot(): string {
  return process.env["TMPDIR"] ?? (process.platform === "linux" ? "/var/tmp" : tmpdir());
}

/** A directory for the test, removed after it. */
export async function temporaryDirectory(scope: Scope): Promise<string> {
  const path = await mkdtemp(join(temporaryRoot(), "tinydocker-test."));
  // What was started after it may be writing in it until it is ended, which is done after this.
  scope.after(() => rm(path, { recursive: true, force: true, maxRetries: 10 }));
  return path;
}
