import { Writable } from "node:stream";

/** A line without an end is passed on at this length. */
const LINE_BYTES_MAX = 64 * 1024;
const NEWLINE = 0x0a;

/** Writes whole lines, each behind `prefix`, so that those of several programs do not mix. Bytes stay as they are. */
export function prefixed(to: NodeJS.WritableStream, prefix: string): Writable {
  const before = Buffer.from(prefix);
  let line: Buffer[] = [];
  let length = 0;
  const take = (end: string) => {
    const bytes = Buffer.concat([before, ...line, Buffer.from(end)]);
    line = [];
    length = 0;
    return bytes;
  };
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      const ready: Buffer[] = [];
      for (let from = 0; from < chunk.length; ) {
        const at = chunk.indexOf(NEWLINE, from);
        const until = at < 0 ? chunk.length : at + 1;
        line.push(chunk.subarray(from, until));
        length += until - from;
        if (at >= 0) ready.push(take(""));
        else if (length >= LINE_BYTES_MAX) ready.push(take("\n"));
        from = until;
      }
      if (ready.length === 0) done();
      else to.write(Buffer.concat(ready), () => done());
    },
    final: (done) => {
      if (length === 0) done();
      else to.write(take("\n"), () => done());
    },
  });
}
