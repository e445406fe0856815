/** A line of a log, or a part of one, as the Kubernetes CRI writes it. */
export interface LogLine {
  /** RFC 3339, with nanoseconds. */
  readonly time: string;
  /** `monitor`: a remark of the monitor's own, such as that something could not be stored. */
  readonly stream: "stdout" | "stderr" | "monitor";
  /** The line goes on in the stream's next one. */
  readonly isPart: boolean;
  readonly text: Uint8Array;
}

const TIME_BYTES = "2026-11-26T11:02:00.123456789Z".length;
const STREAMS = { stdout: "stdout ", stderr: "stderr ", monitor: "monitor " } as const;
const SPACE = 0x20;
const F = 0x46;
const P = 0x50;

/** Of the bytes without the newline. Undefined for what is none, such as one that a loss of power cut short. */
export function parseLine(bytes: Buffer): LogLine | undefined {
  if (bytes[TIME_BYTES] !== SPACE) return undefined;
  const stream = streamAt(bytes, TIME_BYTES + 1);
  if (stream === undefined) return undefined;
  const tagAt = TIME_BYTES + 1 + STREAMS[stream].length;
  const tag = bytes[tagAt];
  if ((tag !== F && tag !== P) || bytes[tagAt + 1] !== SPACE) return undefined;
  const time = bytes.toString("latin1", 0, TIME_BYTES);
  return { time, stream, isPart: tag === P, text: bytes.subarray(tagAt + 2) };
}

function streamAt(bytes: Buffer, at: number): LogLine["stream"] | undefined {
  const word = bytes.toString("latin1", at, at + STREAMS.monitor.length);
  return (["stdout", "stderr", "monitor"] as const).find((name) => word.startsWith(STREAMS[name]));
}
