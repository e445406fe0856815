import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { durationOf } from "../../../runtime/spec/duration.ts";
import { type HealthRequest, healthOf } from "../../../runtime/spec/health.ts";
import fc from "../../rig/fast-check.ts";
import { refused } from "./refused.ts";

describe("a health check", () => {
  it("has docker's times where none are given, or 0", () => {
    const usual = { interval: 30_000, timeout: 30_000, startPeriod: 0, startInterval: 5000, retries: 3 };
    const test = ["CMD-SHELL", "wget localhost"];
    assert.deepEqual(healthOf({ command: "wget localhost" }), { test, ...usual });
    const zero = { interval: "0s", timeout: "0", startPeriod: "0s", startInterval: "0s", retries: "0" };
    assert.deepEqual(healthOf({ command: "wget localhost", ...zero }), { test, ...usual });
    const given = { interval: "1m30s", timeout: "1.5s", startPeriod: "1h", startInterval: "10ms", retries: "9" };
    const numbers = { interval: 90_000, timeout: 1500, startPeriod: 3_600_000, startInterval: 10, retries: 9 };
    assert.deepEqual(healthOf({ command: "wget localhost", ...given }), { test, ...numbers });
  });

  it("is the image's, where none is asked for, and none where the image has none", () => {
    assert.deepEqual(healthOf({}, { Test: ["CMD", "a"] })?.test, ["CMD", "a"]);
    assert.equal(healthOf({ interval: "1s" }, { Test: ["CMD", "a"], Interval: 9e9 })?.interval, 1000);
    for (const Test of [["NONE"], [], ["CMD"], ["OTHER", "a"]]) assert.equal(healthOf({}, { Test }), undefined);
    assert.equal(healthOf({}), undefined);
    assert.equal(healthOf({ none: true }, { Test: ["CMD", "a"] }), undefined);
  });

  it("is refused with a time or a number that is none, without a command, and with and without it at once", () => {
    const bad: HealthRequest[] = [
      { command: "a", interval: "1" },
      { command: "a", interval: "0.5ms" },
      { command: "a", timeout: "-1s" },
      { command: "a", startPeriod: "60d" },
      { command: "a", startInterval: "10000h" },
      { command: "a", retries: "-1" },
      { command: "a", retries: "1001" },
      { interval: "1s" },
      { command: "a", none: true },
    ];
    for (const request of bad) refused(() => healthOf(request));
  });
});

describe("a duration", () => {
  it("is the sum of its parts", () => {
    const part = fc.tuple(fc.integer({ min: 0, max: 9999 }), fc.constantFrom("ms", "s", "m", "h"));
    const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const sum = parts.reduce((total, [number, unit]) => total + number * units[unit], 0);
        assert.equal(durationOf(parts.map(([number, unit]) => `${number}${unit}`).join("")), sum);
      }),
    );
  });

  it("is not anything else", () => {
    for (const text of ["", "1", "s", "-1s", "1 s", "1d", "1s2", "1.s", "1e3s"])
      assert.equal(durationOf(text), undefined);
    assert.equal(durationOf("0"), 0);
  });
});
