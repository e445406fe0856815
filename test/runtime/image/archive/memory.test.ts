import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { place } from "../rig.ts";
import { pax, type RawEntry, records, signed } from "./archive.ts";

/** Node.js with TypeScript takes 150 MB by itself. */
const RESIDENT_KB_MAX = 512 * 1_024;

const IMPORT = `
  import { importImage } from ${JSON.stringify(join(import.meta.dirname, "../../../../runtime/image/import.ts"))};
  const [, , root] = process.argv;
  const signal = new AbortController().signal;
  const importing = importImage({ root, name: "x", source: "-", stdin: process.stdin, signal, progress() {} });
  const outcome = await importing.then(() => "imported", (error) => error.message);
  console.log(JSON.stringify({ outcome, kb: process.resourceUsage().maxRSS }));
  process.exit();
`;

function* repeated(count: number, chunk: (index: number) => Buffer): Generator<Buffer> {
  for (let index = 0; index < count; index += 1) yield chunk(index);
}

const huge = (bytes: number) => Buffer.concat([Buffer.from([0x80, 0, 0, 0]), bigEndian(bytes)]);

function bigEndian(number: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(number));
  return bytes;
}

const MIB = Buffer.alloc(1_024 ** 2);
const zstdWindow = Buffer.from("28b52ffd0088010000", "hex");

/** Each would take a gigabyte or more if a length in it were believed, or all of it kept. */
const INPUTS: Readonly<Record<string, { chunks: () => Iterable<Buffer>; says: RegExp }>> = {
  "zstd with a window of 2 GB": {
    chunks: () => [Buffer.from("28b52ffd00a80100000000000000", "hex")],
    says: /2,048 MiB/,
  },
  "zstd with a content of 1 TB and no window": {
    chunks: () => [Buffer.from("28b52ffde00000000000010000", "hex")],
    says: /1,048,576 MiB/,
  },
  "many zstd frames with the largest window": { chunks: () => repeated(100, () => zstdWindow), says: /empty/ },
  "a pax header of 2 GB": { chunks: () => big("x"), says: /over 1 MiB/ },
  "pax records for all of 2 GB": { chunks: () => big("g"), says: /over 1 MiB/ },
  "a long name of 2 GB": { chunks: () => big("L"), says: /over 1 MiB/ },
  "a GNU sparse file with endless extents": { chunks: endlessExtents, says: /over 1,000,000 parts/ },
  "directories with long names without end": { chunks: manyDirectories, says: /more directories than any/ },
  "devices with long names without end": {
    chunks: () => manyDirectories("3"),
    says: /more device nodes than any/,
  },
  "directories whose names come with 1 MB of slashes": { chunks: slashes, says: /imported/ },
  "2 GB after the end of the archive": {
    chunks: () => [records({ name: "x" }), MIB.subarray(0, 1_024), ...repeated(2_000, () => MIB)],
    says: /imported/,
  },
};

function* big(type: string): Generator<Buffer> {
  yield records({ name: "x", type, size: huge(2_000 * MIB.length) });
  yield* repeated(2_000, () => MIB);
}

function* endlessExtents(): Generator<Buffer> {
  const header = records({ name: "x", type: "S" });
  header.write("1", 482);
  yield signed(header);
  const block = Buffer.alloc(512, "00000000001\0");
  yield* repeated(60_000, () => block);
}

function* manyDirectories(type = "5"): Generator<Buffer> {
  const entries = (index: number): RawEntry[] => [
    pax({ path: `${`${"n".repeat(250)}/`.repeat(13)}${index}-${"n".repeat(200)}` }),
    { name: "x", type, mode: 0o755 },
  ];
  yield* repeated(400_000, (index) => records(...entries(index)));
}

function* slashes(): Generator<Buffer> {
  yield* repeated(600, (index) =>
    records(pax({ path: `${"/".repeat(1_000_000)}a-long-name-${index}` }), { name: "x", type: "5", mode: 0o755 }),
  );
  yield MIB.subarray(0, 1_024);
}

for (const [what, { chunks, says }] of Object.entries(INPUTS)) {
  test(`an import of ${what} takes little memory`, async (context) => {
    const here = await place(context);
    const script = join(here.outside, "import.mts");
    await writeFile(script, IMPORT);
    const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), script, here.root], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    child.stdin.on("error", () => {});
    const [output] = await Promise.all([
      text(child.stdout),
      once(child, "exit"),
      pipeline(Readable.from(chunks()), child.stdin).catch(() => {}),
    ]);
    const { outcome, kb } = JSON.parse(output) as { outcome: string; kb: number };
    assert.match(outcome, says);
    assert.ok(kb < RESIDENT_KB_MAX, `${kb} kB`);
  });
}
