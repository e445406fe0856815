import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Failure } from "../../../runtime/failure.ts";
import { lifeOf } from "../../../runtime/spec/life.ts";

const asked = (...logOptions: string[]) => lifeOf({ logOptions }).log;

describe("--log-driver", () => {
  it("none keeps no output, and docker's drivers of files mean the log there is", () => {
    assert.deepEqual(lifeOf({ logDriver: "none" }).log, { maxSize: 0, maxFiles: 0 });
    for (const logDriver of ["json-file", "local"]) assert.deepEqual(lifeOf({ logDriver }), lifeOf({}));
    assert.throws(() => lifeOf({ logDriver: "none", logOptions: ["max-size=1m"] }), /--log-opt can't be used with/);
    assert.throws(
      () => lifeOf({ logDriver: "journald" }),
      /there is no log driver "journald": it is json-file, local or none/,
    );
  });
});

describe("--log-opt", () => {
  it("takes the size and number of files, and what docker's others ask for where that is so anyway", () => {
    const log = { maxSize: 1 << 20, maxFiles: 2 };
    assert.deepEqual(asked("max-size=1m", "max-file=2", "compress=false", "mode=blocking"), log);
  });

  it("refuses docker's others by name, with what to use, and any that docker does not have", () => {
    for (const key of ["labels", "labels-regex", "env", "env-regex", "tag", "compress", "mode", "max-buffer-size"])
      assert.throws(
        () => asked(`${key}=x`),
        (error) =>
          error instanceof Failure &&
          error.message === `--log-opt ${key} is not available` &&
          error.remedy !== undefined,
      );
    for (const option of ["size=1m", "toString=x"])
      assert.throws(() => asked(option), /--log-opt takes max-size=SIZE and max-file=N, not "/);
  });
});
