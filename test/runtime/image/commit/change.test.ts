import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withChanges } from "../../../../runtime/image/commit/change.ts";

const BASE = { Cmd: ["old"], Env: ["A=1", "B=2"], Labels: { a: "b" }, Other: [7] };

const CHECK = { Interval: 30e9, Timeout: 30e9, StartPeriod: 0, StartInterval: 5e9, Retries: 3 };

describe("an instruction of --change", () => {
  for (const [instruction, expected] of [
    ['CMD ["a", "b c"]', { Cmd: ["a", "b c"] }],
    ["cmd echo hello", { Cmd: ["/bin/sh", "-c", "echo hello"] }],
    ["ENTRYPOINT []", { Entrypoint: [] }],
    ["ENV B=3 C=4", { Env: ["A=1", "B=3", "C=4"] }],
    ["ENV C some words", { Env: ["A=1", "B=2", "C=some words"] }],
    [`ENV C="a \\"b" D='c d' E=f\\ g`, { Env: ["A=1", "B=2", 'C=a "b', "D=c d", "E=f g"] }],
    [
      `ENV A=$B:x C=\${B}\${D:-d}\${B:+e}$D E='$B' F=\\$B G="a $B \\$B \\n"`,
      { Env: ["B=2", "A=2:x", "C=2de", "E=$B", "F=$B", "G=a 2 $B \\n"] },
    ],
    ["ENV A /opt:$A", { Env: ["B=2", "A=/opt:1"] }],
    ["USER u$A", { User: "u1" }],
    ['EXPOSE "8$A" $B', { ExposedPorts: { "81/tcp": {}, "2/tcp": {} } }],
    ["VOLUME /v$A '/$B'", { Volumes: { "/v1": {}, "/$B": {} } }],
    ["CMD echo $A", { Cmd: ["/bin/sh", "-c", "echo $A"] }],
    [
      `LABEL "com.example.vendor"="ACME Inc" 'c d'=e"f g"h`,
      { Labels: { a: "b", "com.example.vendor": "ACME Inc", "c d": "ef gh" } },
    ],
    ["LABEL c=d", { Labels: { a: "b", c: "d" } }],
    ["WORKDIR /srv", { WorkingDir: "/srv" }],
    ["USER 1:2", { User: "1:2" }],
    ["EXPOSE 80 53/udp", { ExposedPorts: { "80/tcp": {}, "53/udp": {} } }],
    ["EXPOSE 8000-8002 9/SCTP", { ExposedPorts: { "8000/tcp": {}, "8001/tcp": {}, "8002/tcp": {}, "9/sctp": {} } }],
    ['VOLUME ["/a", "/b"]', { Volumes: { "/a": {}, "/b": {} } }],
    ["VOLUME /a /b", { Volumes: { "/a": {}, "/b": {} } }],
    ["STOPSIGNAL SIGQUIT", { StopSignal: "SIGQUIT" }],
    ["ONBUILD RUN make $A", { OnBuild: ["RUN make $A"] }],
    ["HEALTHCHECK NONE", { Healthcheck: { Test: ["NONE"] } }],
    ["HEALTHCHECK CMD test -e /ok", { Healthcheck: { ...CHECK, Test: ["CMD-SHELL", "test -e /ok"] } }],
    [
      'HEALTHCHECK --interval=1m --retries=2 CMD ["true", "x"]',
      { Healthcheck: { ...CHECK, Test: ["CMD", "true", "x"], Interval: 60e9, Retries: 2 } },
    ],
  ] as const)
    it(`changes that and nothing else: ${instruction}`, () =>
      assert.deepEqual(withChanges(BASE, [instruction]), { ...BASE, ...expected }));

  it("of an ENTRYPOINT takes the old command away, unless there is a CMD too, in any order", () => {
    const commandAfter = (...instructions: string[]) => withChanges(BASE, instructions)["Cmd"];
    assert.equal(commandAfter('ENTRYPOINT ["a"]'), undefined);
    assert.deepEqual(commandAfter('ENTRYPOINT ["a"]', 'CMD ["b"]'), ["b"]);
    assert.deepEqual(commandAfter('cmd ["b"]', 'ENTRYPOINT ["a"]'), ["b"]);
  });

  it("adds to what a build on the image does first", () => {
    assert.deepEqual(withChanges({ OnBuild: ["RUN a"] }, ["ONBUILD RUN b", "ONBUILD RUN c"])["OnBuild"], [
      "RUN a",
      "RUN b",
      "RUN c",
    ]);
  });

  it("takes a WORKDIR that is relative as below the one before, or /", () => {
    assert.equal(withChanges({ WorkingDir: "/srv" }, ["WORKDIR app/../data"])["WorkingDir"], "/srv/data");
    assert.equal(withChanges({}, ["WORKDIR srv"])["WorkingDir"], "/srv");
  });

  for (const [instruction, why] of [
    ["RUN true", /there is no RUN here/],
    ["CMD", /not an INSTRUCTION and its value/],
    ["ENV A", /not KEY=VALUE/],
    ['LABEL a="b', /a quote stays open/],
    ["VOLUME a", /not an absolute path/],
    ["EXPOSE 99999", /99999 is not a port/],
    ["EXPOSE 80/icmp", /is not a port/],
    ["EXPOSE 90-80", /90-80 is not a port/],
    ["STOPSIGNAL SIGNONE", /there is no signal SIGNONE/],
    ["ONBUILD onbuild RUN true", /ONBUILD can't be done on a build/],
    ["ONBUILD FROM debian", /FROM can't be done on a build/],
    ["HEALTHCHECK test -e /ok", /is not NONE, or CMD/],
    ["HEALTHCHECK --often=1s CMD true", /is not NONE, or CMD/],
    ["HEALTHCHECK --interval=1s NONE", /is not NONE, or CMD/],
    ["HEALTHCHECK --interval=often CMD true", /--health-interval takes a duration/],
  ] as const)
    it(`is refused where it means nothing: ${instruction}`, () =>
      assert.throws(() => withChanges(BASE, [instruction]), why));
});
