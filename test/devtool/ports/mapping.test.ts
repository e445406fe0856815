import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../../devtool/failure.ts";
import { endpointText } from "../../../devtool/ports/endpoint.ts";
import { parseMapping, refuseRepeated } from "../../../devtool/ports/mapping.ts";

const VALID: readonly (readonly [written: string, listen: string, to: string])[] = [
  ["8080", "localhost:8080", "localhost:8080"],
  ["8080:80", "localhost:8080", "localhost:80"],
  ["0.0.0.0:80:80", "0.0.0.0:80", "localhost:80"],
  ["0.0.0.0:80", "0.0.0.0:80", "localhost:80"],
  ["*:8080:80", "*:8080", "localhost:80"],
  ["[::1]:8080:80", "[::1]:8080", "localhost:80"],
  ["8080:db.internal:5432", "localhost:8080", "db.internal:5432"],
  ["8080:[fe80::1]:80", "localhost:8080", "[fe80::1]:80"],
  ["127.0.0.2:8080:10.0.0.5:80", "127.0.0.2:8080", "10.0.0.5:80"],
  ["/tmp/here.sock:/run/docker.sock", "/tmp/here.sock", "/run/docker.sock"],
  ["2375:/run/docker.sock", "localhost:2375", "/run/docker.sock"],
  ["/tmp/here.sock:80", "/tmp/here.sock", "localhost:80"],
  ["/run/app.sock", "/run/app.sock", "/run/app.sock"],
];

test("a port, an address, a host and a socket are told apart as ssh's -L does", () => {
  for (const [written, listen, to] of VALID) {
    const mapping = parseMapping(written, "--forward");
    assert.deepEqual([endpointText(mapping.listen), endpointText(mapping.to)], [listen, to], written);
  }
});

test("what is not valid is refused with the place where it is written", () => {
  const invalid = [
    "",
    ":",
    "0",
    "65536",
    "8080:",
    ":8080",
    "a",
    "8080:80:80",
    "8080:80:",
    "host:",
    "80-90",
    "80-90:80",
    "0:8080",
    "70000:80",
    "8080:0:80",
    "-1",
    "80/udp",
    "published:80",
    "./app.sock:8080",
    "run/app.sock:8080",
  ];
  for (const written of invalid) {
    for (const [where, code] of [
      ["--forward", "usage"],
      ["forward[0]", "config-invalid"],
    ] as const) {
      assert.throws(
        () => parseMapping(written, where),
        (error) =>
          error instanceof Failure &&
          error.message === `${where} is not valid: ${JSON.stringify(written)}` &&
          error.code === code &&
          error.exitCode === 2,
        written,
      );
    }
  }
});

test("two that listen on one port or socket are refused, and two addresses of one port are not", () => {
  const refuse = (...written: string[]) => refuseRepeated(written.map((text) => parseMapping(text, "--forward")));
  refuse("8080", "8081:8080", "127.0.0.2:8080:80", "/tmp/a.sock:80", "/tmp/b.sock:80");
  refuse("0.0.0.0:8080:80", "[::1]:8080:80");
  for (const [one, other] of [
    ["8080", "8080:80"],
    ["8080", "127.0.0.1:8080:80"],
    ["*:8080:80", "127.0.0.2:8080:80"],
    ["8080", "0.0.0.0:8080:80"],
    ["[::]:8080:80", "127.0.0.2:8080:80"],
    ["0.0.0.0:8080:80", "*:8080:80"],
    ["/tmp/a.sock:80", "/tmp/a.sock:81"],
  ] as const) {
    assert.throws(() => refuse("9000", one, other), { code: "usage", exitCode: 2 }, `${one} ${other}`);
  }
});
