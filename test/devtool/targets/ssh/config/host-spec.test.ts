import assert from "node:assert/strict";
import test from "node:test";
import { Failure } from "../../../../../devtool/failure.ts";
import { parseHostSpec } from "../../../../../devtool/targets/ssh/config/host-spec.ts";

const good: readonly [text: string, user: string | undefined, host: string, port: number | undefined][] = [
  ["h", undefined, "h", undefined],
  ["me@h.example", "me", "h.example", undefined],
  ["me@h:2222", "me", "h", 2222],
  ["me@corp.example@h", "me@corp.example", "h", undefined],
  ["ssh://me@h:2222", "me", "h", 2222],
  ["ssh://h/", undefined, "h", undefined],
  ["2001:db8::1", undefined, "2001:db8::1", undefined],
  ["[2001:db8::1]:22", undefined, "2001:db8::1", 22],
  ["me@[::1]", "me", "::1", undefined],
];
for (const [text, user, host, port] of good) {
  test(`${text} is host ${host}, port ${port}, user ${user}`, () => {
    assert.deepEqual(parseHostSpec(text), { user, host, port });
  });
}

for (const text of [
  "",
  "@h",
  "me@",
  "h:",
  "h:port",
  "h:0",
  "h:65536",
  "-oProxyCommand=id",
  "me@-h",
  "-me@h",
  "a;b@h",
  "$(id)@h",
  "a -b@h",
  "a b",
  "a/b",
  "ssh://",
  "$(id)",
  "a;b",
  "h\n",
]) {
  test(`${JSON.stringify(text)} is not a valid host: refused with exit code 2`, () => {
    assert.throws(
      () => parseHostSpec(text),
      (error) => error instanceof Failure && error.exitCode === 2 && /user@\]host/.test(error.remedy ?? ""),
    );
  });
}
