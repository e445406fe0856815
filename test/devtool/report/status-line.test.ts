import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import xterm from "@xterm/headless";
import { cut } from "../../../devtool/report/cut.ts";
import { StatusLine } from "../../../devtool/report/status-line.ts";
import fc from "../../rig/fast-check.ts";

/** What a terminal gets, in this order. */
type Got = { readonly bytes: Buffer } | { readonly columns: number };

const START = { columns: 30, rows: 8 } as const;

/** A stream to a terminal, which writes down what that gets. */
class Recorder extends Writable {
  readonly got: Got[] = [];
  columns: number = START.columns;

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.got.push({ bytes });
    done();
  }

  resize(columns: number): void {
    this.columns = columns;
    this.got.push({ columns });
    this.emit("resize");
  }
}

/** What is on the screen of xterm.js after that, with the colors, and above it; and where the cursor is. */
async function shown(got: readonly Got[]): Promise<object> {
  const terminal = new xterm.Terminal({
    cols: START.columns,
    rows: START.rows,
    allowProposedApi: true,
    convertEol: true,
  });
  const put = (data: Uint8Array | string) => new Promise<void>((resolve) => terminal.write(data, resolve));
  for (const one of got)
    if ("bytes" in one) await put(one.bytes);
    else terminal.resize(one.columns, START.rows);
  await put("x"); // in the color that the program has set
  const { active } = terminal.buffer;
  const rows = Array.from({ length: active.length }, (_, row) => {
    const line = active.getLine(row);
    const colors = Array.from({ length: terminal.cols }, (_, column) => line?.getCell(column)?.getFgColor());
    return `${line?.translateToString(true)} ${colors.join("")}`;
  });
  return { rows, cursor: [active.cursorX, active.baseY + active.cursorY] };
}

type Step =
  | { readonly kind: "write"; readonly stream: 0 | 1; readonly bytes: Buffer }
  | { readonly kind: "show"; readonly text: string }
  | { readonly kind: "resize"; readonly columns: number }
  | { readonly kind: "wait" };

const pieces = fc.array(
  fc.constantFrom("a", "bc ", "世界", "é", "👩‍💻", "\n", "\n", "\r", "\x1b[31m", "\x1b[0m", "%\r", "\t"),
  {
    maxLength: 8,
  },
);
/** Pieces of output that end anywhere, also within a character or a sequence. */
const output = pieces.chain((all) => {
  const bytes = Buffer.from(all.join(""));
  return fc.nat(bytes.length).map((at) => [bytes.subarray(0, at), bytes.subarray(at)]);
});
const step = fc.oneof(
  fc.tuple(output, fc.constantFrom<(0 | 1)[]>(0, 1)).map(([[first, second], stream]) => [
    { kind: "write", stream, bytes: first as Buffer },
    { kind: "write", stream, bytes: second as Buffer },
  ]),
  fc
    .constantFrom("", "short", "一段很长很长很长很长很长很长的文字", "long ".repeat(30))
    .map((text) => [{ kind: "show", text }]),
  fc.integer({ min: 12, max: 60 }).map((columns) => [{ kind: "resize", columns }]),
  fc.constant([{ kind: "wait" }]),
) as fc.Arbitrary<Step[]>;

test("whatever a program prints, and however a terminal is resized, the line leaves nothing behind and takes nothing away", async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      t.mock.timers.enable({ apis: ["setTimeout"] });
      const terminal = new Recorder();
      const own: Got[] = [];
      const line = new StatusLine(terminal, Promise.resolve(true));
      await Promise.resolve();
      const streams = [line.above(terminal), line.above(terminal)] as const;
      for (const one of steps.flat()) {
        if (one.kind === "write") {
          own.push({ bytes: one.bytes });
          streams[one.stream].write(one.bytes);
        } else if (one.kind === "resize") {
          own.push({ columns: one.columns });
          terminal.resize(one.columns);
        } else if (one.kind === "show") line.show(one.text);
        else t.mock.timers.tick(50);
      }
      line.show("");
      t.mock.timers.reset();
      assert.deepEqual(await shown(terminal.got), await shown(own));
    }),
    { numRuns: 200 },
  );
});

test("what a terminal wrapped when it became narrower is erased", async () => {
  const terminal = new Recorder();
  const line = new StatusLine(terminal, Promise.resolve(true));
  await Promise.resolve();
  terminal.columns = 100; // of which it has 30 already
  line.show("long ".repeat(18));
  terminal.columns = START.columns;
  terminal.emit("resize");
  line.show("");
  assert.deepEqual(await shown(terminal.got), await shown([]));
});

test("in the background nothing is drawn", async () => {
  const terminal = new Recorder();
  const line = new StatusLine(terminal, Promise.resolve(false));
  await Promise.resolve();
  line.show("devtool: round 1");
  line.above(terminal).write("a\n");
  assert.deepEqual(terminal.got, [{ bytes: Buffer.from("a\n") }]);
});

test("a text is cut where the terminal's line ends, by the width of its characters", () => {
  assert.equal(cut("devtool", 7), "devtool");
  assert.equal(cut("devtool", 6), "devto…");
  assert.equal(cut("世界人", 6), "世界人");
  assert.equal(cut("世界人", 5), "世界…");
  assert.equal(cut("世界人", 4), "世…");
  assert.equal(cut("👩‍💻👩‍💻", 3), "👩‍💻…");
  assert.equal(cut("devtool", 0), "");
});
