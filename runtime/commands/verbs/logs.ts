import { resolve } from "node:path";
import type { LogLine } from "../../container/log/line.ts";
import { momentOf } from "../../container/log/moment.ts";
import { type LogReader, readLog } from "../../container/log/read.ts";
import { Failure } from "../../failure.ts";
import { nameOf } from "../../state/containers.ts";
import { stateRoot } from "../../state/root.ts";
import { writeAll } from "../output/write.ts";
import { one } from "./each.ts";
import { verb } from "./verb.ts";

export const logsVerb = verb({
  synopsis: "NAME",
  describe: "Print what a detached container has printed",
  options: {
    follow: { type: "boolean", short: "f", describe: "go on until it has ended" },
    since: { type: "string", describe: "from then on: 10m, 2026-11-26T11:00:00Z, or seconds since 1970" },
    until: { type: "string", describe: "until then, also with -f" },
    tail: { type: "string", short: "n", describe: "only so many of the last lines; all: the default" },
    details: {
      type: "boolean",
      describe: "with what the log's options add to each line: nothing here, so a space as docker's",
    },
    timestamps: { type: "boolean", short: "t", describe: "with the time of each line" },
  },
  run: async (values, names) => {
    const root = resolve(stateRoot());
    const name = nameOf(root, one(names));
    const now = Date.now();
    const options = {
      follow: values.follow,
      tail: tailOf(values.tail ?? "all"),
      since: values.since === undefined ? undefined : momentOf("--since", values.since, now),
      until: values.until === undefined ? undefined : momentOf("--until", values.until, now),
    };
    await readLog(root, name, options, printerOf(values.timestamps ?? false, values.details ?? false));
    return 0;
  },
});

/** undefined: all. */
function tailOf(written: string): number | undefined {
  if (written === "all" || written === "-1") return undefined;
  if (/^\d{1,15}$/.test(written)) return Number(written);
  throw new Failure(`--tail takes a number of lines, or all, not ${JSON.stringify(written)}`, { code: "usage" });
}

/** Written in larger pieces, in the order of the two streams. */
const PIECE_BYTES = 64 << 10;

function printerOf(timestamps: boolean, details: boolean): LogReader {
  const isMidLine = { stdout: false, stderr: false, monitor: false };
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  let target = 1;
  const flush = () => {
    if (pieces.length > 0) writeAll(target, Buffer.concat(pieces));
    pieces = [];
    bytes = 0;
  };
  const put = (fd: number, ...more: readonly Uint8Array[]) => {
    if (fd !== target) flush();
    target = fd;
    pieces.push(...more);
    bytes += more.reduce((sum, { length }) => sum + length, 0);
    if (bytes >= PIECE_BYTES) flush();
  };
  return {
    line({ time, stream, isPart, text }: LogLine) {
      const prefix = `${timestamps ? `${time} ` : ""}${details ? " " : ""}${stream === "monitor" ? "tinydocker: " : ""}`;
      const begin = isMidLine[stream] || prefix === "" ? [] : [Buffer.from(prefix)];
      put(stream === "stdout" ? 1 : 2, ...begin, text, ...(isPart ? [] : [NEWLINE]));
      isMidLine[stream] = isPart;
    },
    flush,
  };
}

const NEWLINE = Buffer.from("\n");
