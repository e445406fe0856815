import assert from "node:assert/strict";
import type { Event, EventLine } from "../../../devtool/report/events.ts";

type Line<K extends Event["event"]> = Extract<EventLine, { event: K }>;

/** One line for each form of each event, as in docs/events.md; the compiler checks them against the types. */
export const EXAMPLES: { readonly [K in Event["event"]]: readonly [Line<K>, ...Line<K>[]] } = {
  stage: [{ event: "stage", round: 2, target: "box", at: 48.7, stage: "sync" }],
  connected: [
    {
      event: "connected",
      round: null,
      target: "box",
      at: 412.3,
      kind: "ssh",
      platform: "linux",
      arch: "arm64",
      libc: "glibc",
      node: "v20.19.2",
      user: "me",
      runsAs: "root",
      milliseconds: 180.4,
    },
  ],
  disconnected: [
    {
      event: "disconnected",
      round: null,
      target: "box",
      at: 73018.2,
      code: "connection-lost",
      message: "the connection to box was lost: connection reset by the other side (ECONNRESET)",
      remedy: null,
    },
  ],
  forwarded: [
    {
      event: "forwarded",
      round: null,
      target: "box",
      at: 96.4,
      direction: "forward",
      listen: "localhost:8080",
      to: "localhost:8080",
    },
  ],
  changed: [
    { event: "changed", round: 2, target: null, at: 6.1, paths: ["src/main.ts"] },
    { event: "changed", round: 1, target: null, at: 230.9, paths: null },
  ],
  bundled: [{ event: "bundled", round: 2, target: null, at: 47.2, files: 2, bytes: 218340, milliseconds: 40.8 }],
  synced: [
    {
      event: "synced",
      round: 2,
      target: "box",
      at: 60.5,
      mirror: "/home/me/.cache/devtool/mirrors/project-1a2b3c4d",
      files: 1,
      deleted: 0,
      bytesSent: 3120,
      bytesTotal: 3058,
      milliseconds: 11.6,
    },
  ],
  progress: [
    {
      event: "progress",
      round: 1,
      target: "box",
      at: 2040.3,
      stage: "sync",
      files: 812,
      filesTotal: 3000,
      bytes: 12030400,
      bytesTotal: 80120000,
    },
    {
      event: "progress",
      round: 1,
      target: "box",
      at: 4310.9,
      stage: "provision",
      percent: 35.7,
      text: "Unpacking gcc (amd64)",
    },
  ],
  compiled: [
    { event: "compiled", round: 2, target: "box", at: 60.6, step: "native", compiled: false, milliseconds: 0 },
  ],
  pulled: [
    {
      event: "pulled",
      round: 1,
      target: "box",
      at: 422.1,
      files: 2,
      bytesReceived: 4096,
      bytesTotal: 81920,
      milliseconds: 31.4,
    },
  ],
  started: [
    { event: "started", round: 2, target: "box", at: 66.4, argv: ["node", ".devtool/main.js"], milliseconds: 60.2 },
  ],
  responded: [{ event: "responded", round: 2, target: "box", at: 121.8, milliseconds: 115.7 }],
  finished: [{ event: "finished", round: 1, target: null, at: 903.8, milliseconds: 671.5 }],
  output: [
    { event: "output", round: 2, target: "box", at: 121.9, stream: "stdout", data: "hello\n" },
    { event: "output", round: 2, target: "box", at: 122.4, stream: "stderr", base64: "/w==" },
  ],
  exited: [
    { event: "exited", round: 2, target: "box", at: 130.1, code: 0, signal: null },
    { event: "exited", round: 3, target: "box", at: 2044.7, code: null, signal: "SIGSEGV" },
  ],
  diagnostic: [
    {
      event: "diagnostic",
      round: 4,
      target: "box",
      at: 151.3,
      file: "native/hello.c",
      line: 2,
      column: 10,
      severity: "error",
      text: "expected ';' before '}' token",
    },
  ],
  log: [{ event: "log", round: 1, target: "box", at: 5120.6, text: "Setting up rsync (3.2.7-1) ..." }],
  notice: [
    { event: "notice", round: 2, target: "box", at: 58.8, text: "src/gone.ts vanished before it was read; skipped" },
  ],
  check: [
    {
      event: "check",
      round: 1,
      target: "box",
      at: 344.2,
      where: "box",
      name: "rsync",
      ok: false,
      needed: true,
      found: null,
      remedy: "devtool provision --target box",
    },
  ],
  status: [{ event: "status", round: 1, target: null, at: 251.7, name: "project", value: "/home/me/project" }],
  setting: [
    {
      event: "setting",
      round: 1,
      target: null,
      at: 180.2,
      name: "bundle.outdir",
      value: ".devtool",
      origin: "default",
    },
  ],
  removal: [
    {
      event: "removal",
      round: 1,
      target: "box",
      at: 310.4,
      kind: "mirror",
      path: "/home/me/.cache/devtool/mirrors/project-1a2b3c4d",
      bytes: 4513792,
    },
  ],
  difference: [{ event: "difference", round: 1, target: "box", at: 402.8, change: "send", path: "src/main.ts" }],
  failed: [
    {
      event: "failed",
      round: 4,
      target: "box",
      at: 162.8,
      code: "build-failed",
      message: "native does not compile: 1 error",
      remedy: null,
    },
    {
      event: "failed",
      round: 1,
      target: "box",
      at: 10233.4,
      code: "target-unreachable",
      message: "box:22 did not answer within 10 s",
      remedy: "check that the machine is up and that no firewall drops the port",
    },
  ],
};

/** Asserts that a line has the fields of one of the examples of its event, no fewer and no more. */
export function assertDocumented(line: Readonly<Record<string, unknown>>): void {
  const examples = Object.values(EXAMPLES).flat();
  const forms = examples.filter(({ event }) => event === line["event"]).map(fieldsOf);
  assert.ok(forms.includes(fieldsOf(line)), `no example in docs/events.md has the fields of ${JSON.stringify(line)}`);
}

function fieldsOf(line: object): string {
  return Object.keys(line).sort().join(" ");
}
