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
  ["docker container run --rm -itp 8080:80 web", [{ listen: tcp(8080), to: tcp(8080) }]],
  ["tinydocker run -p 53:53/udp web", []],
  ["tinydocker run web nc -l -p 80", []],
  ["tinydocker run web -p", []],
  ["tinydocker run -p 9-8:9-8 -p 65535-65536:1-2 -p 8000-8010:80 web", []],
  ["tinydocker exec -p 8080:80 web", []],
  ["node server.js -p 8080:80", []],
];
for (const [command, expected] of CASES) {
  test(`${command} publishes ${expected.length} TCP ports`, () =>
    assert.deepEqual(
      publishedBy(command.split(" ")).flatMap(({ mappings }) => mappings),
      expected,
    ));
}

test("a range is each of its ports, up to 64, and UDP is named", () => {
  const published = publishedBy(
    "docker run -p 8000-8002:80-82 -p 53:53/udp -p [::1]:1000-1999:1000-1999/tcp web".split(" "),
  );
  const seen = published.map(({ ports, mappings, left }) => [ports, mappings.length, left]);
  assert.deepEqual(seen, [
    ["8000-8002", 3, "none"],
    ["53/udp", 0, "udp"],
    ["1000-1999", 64, "too many"],
  ]);
  assert.deepEqual(published[0]?.mappings[2], { listen: tcp(8002), to: tcp(8002) });
  assert.deepEqual(published[2]?.mappings[63], { listen: tcp(1063), to: tcp(1063, "::1") });
});
