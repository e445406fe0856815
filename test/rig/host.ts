import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** Where a group of tests must run; elsewhere a missing part only skips it. */
const mustWork = process.env["CI"] === "true" || process.env["MUST_WORK"] === "1";

/** Skips the test when `missing` names something this host lacks; fails it under CI=true or MUST_WORK=1. */
export function needs(test: TestContext, missing: string | undefined): boolean {
  if (missing === undefined) return true;
  if (mustWork) throw new Error(`this host must run the test, but lacks: ${missing}`);
  test.skip(`this host lacks: ${missing}`);
  return false;
}

/** What ends: a TestContext, or a whole file of tests. */
export interface Scope {
  after(cleanup: () => Promise<void>): void;
}

/** A directory of the test's own, gone after it. /var/tmp, because an overlay's upper layer can't always lie on /tmp. */
export async function temporaryDirectory(scope: Scope): Promise<string> {
  const path = await mkdtemp(join("/var/tmp", "tinydocker-test."));
  scope.after(() => rm(path, { recursive: true, force: true }));
  return path;
}
