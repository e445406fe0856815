import assert from "node:assert/strict";
import { test } from "node:test";
import { temporaryDirectory } from "./host.ts";

/** What happens, and the code of the failure it ends in, returned or thrown. `empty` is an empty directory. */
export type FailureCase<Code> = readonly [what: string, work: (empty: string) => unknown, code: Code];

type FailureClass<Code> = abstract new (...args: never[]) => Error & { readonly code: Code };

/** Adds a test for each case. devtool and tinydocker have a Failure class each. */
export function testFailureCodes<Code extends string>(
  Failure: FailureClass<Code>,
  cases: readonly FailureCase<Code>[],
): void {
  for (const [what, work, code] of cases) {
    test(`${what} is a failure with the code ${code}`, async (t) => {
      const empty = await temporaryDirectory(t);
      const result = await Promise.resolve()
        .then(() => work(empty))
        .catch((error: unknown) => error);
      assert.ok(result instanceof Failure, String(result));
      assert.equal(result.code, code);
    });
  }
}
