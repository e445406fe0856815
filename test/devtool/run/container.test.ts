import assert from "node:assert/strict";
import { test } from "node:test";
import { publishedBy } from "../../../devtool/run/container.ts";

const tcp = (port: number, host = "localhost") => ({ kind: "tcp", host, port });
const CASES: readonly (readonly [string, readonly object[]])[] = [
  ["tinydocker run -p 8080:80 web sh", [{ listen: tcp(8080), to: tcp(8080) }]],
  ["node -- .devtool/tinydocker.js run --publish=127.0.0.1:1:2 web", [{ listen: tcp(1), to: tcp(1, "127.0.0.1") }]],
  [
    "docker run -d -p8080:80/tcp -p [::1]:90:90 web",
    [
      { listen: tcp(8080), to: tcp(8080) },
      { listen: tcp(90), to: tcp(90, "::1") },
    ],
  ],
  ["tinydocker run -p 53:53/udp web", []],
  ["tinydocker run web nc -l -p 80", []],
  ["tinydocker run web -p", []],
  ["tinydocker exec -p 8080:80 web", []],
  ["node server.js -p 8080:80", []],
];
for (const [command, expected] of CASES) {
  test(`${command} publishes ${expected.length} TCP ports`, () =>
    assert.deepEqual(publishedBy(command.split(" ")), expected));
}
