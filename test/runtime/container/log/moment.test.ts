import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { momentOf } from "../../../../runtime/container/log/moment.ts";
import { Failure } from "../../../../runtime/failure.ts";

const NOW = Date.parse("2026-11-26T11:00:00Z");

describe("--since and --until", () => {
  // As docker's GetTimestamp of github.com/moby/moby takes them.
  for (const [written, expected] of [
    ["10m", "2026-11-26T10:50:00.000Z"],
    ["1h30m", "2026-11-26T09:30:00.000Z"],
    ["1.5s", "2026-11-26T10:59:58.500Z"],
    ["250ms", "2026-11-26T10:59:59.750Z"],
    ["1795690800", "2026-11-26T11:00:00.000Z"],
    ["1795690800.25", "2026-11-26T11:00:00.250Z"],
    ["2026-11-26T10:00:00Z", "2026-11-26T10:00:00.000Z"],
    ["2026-11-26T10:00:00.5+01:00", "2026-11-26T09:00:00.500Z"],
    ["-5m", "2026-11-26T11:05:00.000Z"],
    ["+5m", "2026-11-26T10:55:00.000Z"],
    ["0", "1970-01-01T00:00:00.000Z"],
    ["1795690800.123456789", "2026-11-26T11:00:00.123456789Z"],
    ["2026-11-26T10:00:00.123456789Z", "2026-11-26T10:00:00.123456789Z"],
    ["2026-11-26T10:00Z", "2026-11-26T10:00:00.000Z"],
    ["2026-11-26T10Z", "2026-11-26T10:00:00.000Z"],
    ["2026-11-26Z", "2026-11-26T00:00:00.000Z"],
    ["2026-11-26+01:00", "2026-11-25T23:00:00.000Z"],
    ["2026-11-26T10:00:00-02:00", "2026-11-26T12:00:00.000Z"],
  ] as const)
    it(`take ${written}`, () =>
      assert.equal(momentOf("--since", written, NOW), expected.replace(/\.(\d{3})Z$/, ".$1000000Z")));

  it("take a time without a zone for that of this machine", () => {
    for (const written of ["2026-11-26", "2026-11-26T11", "2026-11-26T11:00", "2026-11-26T11:00:00"]) {
      const hour = written.length > 10 ? 11 : 0;
      assert.equal(Date.parse(momentOf("--since", written, NOW)), new Date(2026, 10, 26, hour).getTime(), written);
    }
  });

  for (const written of [
    "",
    "yesterday",
    "10",
    "10x",
    "m",
    "-",
    "--5m",
    "2026-11-26T",
    "2026-11-26T10:00:00.Z",
    "2026-13-01T00:00:00Z",
    "1e3",
  ])
    it(`refuse ${JSON.stringify(written)}, or take it as seconds`, () => {
      if (/^\d+$/.test(written)) assert.equal(momentOf("--since", written, NOW), "1970-01-01T00:00:10.000000000Z");
      else assert.throws(() => momentOf("--since", written, NOW), isUsage);
    });
});

function isUsage(error: unknown): boolean {
  return error instanceof Failure && error.code === "usage" && error.message.startsWith("--since takes a duration");
}
