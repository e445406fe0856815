import { isUtf8 } from "node:buffer";
import { Writable } from "node:stream";
import type { Report } from "./events.ts";

/** Turns a stream of bytes into `output` events; a character split between chunks stays whole. */
export function outputEvents(stream: "stdout" | "stderr", report: Report): Writable {
  let incomplete: Buffer = Buffer.alloc(0);
  const reportBytes = (bytes: Buffer) => {
    if (bytes.length === 0) return;
    if (isUtf8(bytes)) report({ event: "output", stream, data: bytes.toString("utf8") });
    else report({ event: "output", stream, base64: bytes.toString("base64") });
  };
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const bytes = Buffer.concat([incomplete, chunk]);
      const whole = bytes.length - incompleteBytes(bytes);
      incomplete = bytes.subarray(whole);
      reportBytes(bytes.subarray(0, whole));
      done();
    },
    final(done) {
      reportBytes(incomplete);
      done();
    },
  });
}

/** Number of bytes at the end that belong to an incomplete UTF-8 character. */
function incompleteBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < lengthFrom(byte) ? back : 0;
  }
  return 0;
}

function lengthFrom(first: number): number {
  if (first >= 0xf0) return 4;
  return first >= 0xe0 ? 3 : 2;
}
