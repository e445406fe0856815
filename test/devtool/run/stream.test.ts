import assert from "node:assert/strict";
import { PassThrough, Readable, Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { after, describe, it } from "node:test";
import type { Interrupts } from "../../../devtool/process/interrupts.ts";
import { launch } from "../../../devtool/run/launch.ts";
import { type Stdio, stream } from "../../../devtool/run/stream.ts";
import { localTarget } from "../../../devtool/targets/local/local.ts";
import { buildAgent } from "../../rig/agent.ts";

await buildAgent();
const connection = await localTarget("local", { sudo: false }).connect(new AbortController().signal);
after(() => connection.close());

const INTERRUPTS: Interrupts = {
  signal: new AbortController().signal,
  end: () => {},
  quit: () => {},
  fail: () => {},
  intercept: () => () => {},
};

function run(script: string, stdio: Partial<Stdio>, signal = new AbortController().signal) {
  const request = { argv: ["sh", "-c", script], cwd: "/", env: {}, asRoot: false, terminal: undefined };
  const all: Stdio = {
    stdin: undefined,
    stdout: new PassThrough().resume(),
    stderr: new PassThrough().resume(),
    finish: () => {},
    ...stdio,
  };
  return launch(connection, request, new AbortController().signal).then((launched) =>
    stream(launched, all, INTERRUPTS, signal),
  );
}

describe("a command's streams", () => {
  it("arrive whole and apart, however slowly one of them is read", async () => {
    const stdout = new PassThrough({ highWaterMark: 1 });
    const stderr = new PassThrough();
    const [status, out, err] = await Promise.all([
      run("head -c 3000000 /dev/zero; echo done >&2", { stdout, stderr }).finally(() =>
        [stdout, stderr].map((s) => s.end()),
      ),
      buffer(stdout),
      buffer(stderr),
    ]);
    assert.deepEqual(status, { code: 0, signal: null });
    assert.equal(out.length, 3_000_000);
    assert.equal(err.toString(), "done\n");
  });

  it("arrive whole where each piece is taken later, less than which is asked to be kept", async () => {
    const taken: Buffer[] = [];
    const write: Writable["_write"] = (chunk, _encoding, done) => {
      taken.push(chunk);
      setImmediate(done);
    };
    const stdout = new Writable({ highWaterMark: 1 << 20, write });
    const script = "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; head -c 3000000 /dev/zero";
    assert.deepEqual(await run(script, { stdout }), { code: 0, signal: null });
    const lines = Array.from({ length: 2_000 }, (_, index) => `line ${index}\n`).join("");
    assert.ok(Buffer.concat(taken).equals(Buffer.concat([Buffer.from(lines), Buffer.alloc(3_000_000)])));
  });

  it("pass input on, and its end", async () => {
    const stdout = new PassThrough();
    const [status, out] = await Promise.all([
      run("cat; exit 4", { stdin: Readable.from([Buffer.from("one"), Buffer.from([0xff, 0])]), stdout }).finally(() =>
        stdout.end(),
      ),
      buffer(stdout),
    ]);
    assert.deepEqual(status, { code: 4, signal: null });
    assert.deepEqual([...out], [...Buffer.from("one"), 0xff, 0]);
  });

  it("end the command as a closed pipe does when nobody reads its output any more", async () => {
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(new Error("closed")) });
    assert.deepEqual(await run("while :; do echo line; done", { stdout }), { code: null, signal: "SIGPIPE" });
  });

  it("end with the command when the round is aborted, which may act on the signal before it exits", async () => {
    const abort = new AbortController();
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => {
        abort.abort();
        done();
      },
    });
    const status = await run("trap 'exit 7' TERM; echo up; sleep 1000 & wait", { stdout }, abort.signal);
    assert.deepEqual(status, { code: 7, signal: null });
  });
});
