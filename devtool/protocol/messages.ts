import { encodeFrame, encodeHeader, type Frame, ProtocolError } from "./frame.ts";
import { LINUX_SIGNALS } from "./signals.ts";

/**
 * Bytes of one stream that may be in flight before its reader returns credit. Windows are counted per stream, so
 * unread output never delays a signal, an exit or the other stream, and each side's memory is bounded.
 */
export const WINDOW_BYTES = 2 * 1024 * 1024;
/** Most bytes of a stream in one frame. */
export const DATA_BYTES_MAX = 64 * 1024;

export type StreamName = "stdin" | "stdout" | "stderr";

const FIXED = ["start", "input"] as const;
export type FixedCwd = (typeof FIXED)[number];

export interface Command {
  readonly argv: readonly string[];
  readonly cwd: string;
  /** As ExecOptions.fixedCwd. */
  readonly fixedCwd?: FixedCwd;
  /** As ExecOptions.endsByItself. */
  readonly endsByItself?: boolean;
  readonly env: Readonly<Record<string, string>>;
}

/** Client to agent. The first message is the request, or what gets one ready; one connection carries one process. */
export type ClientMessage =
  /** A request of the same may follow. It can't fail: what can't be made ready is started by its request. */
  | (Command & { readonly type: "prepare" })
  | (Command & { readonly type: "request" })
  | { readonly type: "stdin"; readonly data: Buffer }
  | { readonly type: "stdin-end" }
  | { readonly type: "window"; readonly stream: StreamName; readonly bytes: number }
  | { readonly type: "signal"; readonly signal: NodeJS.Signals }
  /** Of its terminal, where it has one. */
  | { readonly type: "resize"; readonly columns: number; readonly rows: number }
  /** SIGTERM to the process group, SIGKILL after a grace period. */
  | { readonly type: "terminate" };

/** Why what was got ready could not be used, although nothing else was asked for. */
export type LostAhead = "ended" | "silent";

/**
 * Agent to client. The first message is `started` or `failed`; after `started` comes output, and `exit` or `killed` is
 * last, or `failed` where its directory did not stay.
 */
export type AgentMessage =
  | { readonly type: "started"; readonly pid: number; readonly lost?: LostAhead }
  | { readonly type: "failed"; readonly step: "chdir" | "exec"; readonly errno: string }
  | { readonly type: "stdout"; readonly data: Buffer }
  | { readonly type: "stderr"; readonly data: Buffer }
  | { readonly type: "window"; readonly stream: StreamName; readonly bytes: number }
  | { readonly type: "exit"; readonly code: number }
  | { readonly type: "killed"; readonly signal: NodeJS.Signals };

const KIND = {
  request: 1,
  stdin: 2,
  "stdin-end": 3,
  window: 4,
  signal: 5,
  terminate: 6,
  prepare: 7,
  resize: 8,
  started: 16,
  failed: 17,
  stdout: 18,
  stderr: 19,
  exit: 20,
  killed: 21,
} as const;

const STREAMS: readonly StreamName[] = ["stdin", "stdout", "stderr"];
const NOTHING = Buffer.alloc(0);

/** Their data is a stream's: a FrameDecoder may return it in pieces. */
export const DATA_KINDS: ReadonlySet<number> = new Set([KIND.stdin, KIND.stdout, KIND.stderr]);

/** What comes before so many bytes of data. */
export function dataHeader(stream: StreamName, bytes: number): Buffer {
  return encodeHeader(KIND[stream], bytes);
}

export function encode(message: ClientMessage | AgentMessage): Buffer {
  return encodeFrame(KIND[message.type], payloadOf(message));
}

function payloadOf(message: ClientMessage | AgentMessage): Buffer {
  switch (message.type) {
    case "stdin":
    case "stdout":
    case "stderr":
      return message.data;
    case "stdin-end":
    case "terminate":
      return NOTHING;
    case "window": {
      const payload = Buffer.alloc(5);
      payload.writeUInt8(STREAMS.indexOf(message.stream), 0);
      payload.writeUInt32BE(message.bytes, 1);
      return payload;
    }
    case "prepare":
    case "request": {
      const { argv, cwd, fixedCwd, endsByItself, env } = message;
      return json({ argv, cwd, fixedCwd, endsByItself, env });
    }
    case "signal":
    case "killed":
      return json({ signal: message.signal });
    case "resize":
      return json({ columns: message.columns, rows: message.rows });
    case "started":
      return json({ pid: message.pid, lost: message.lost });
    case "failed":
      return json({ step: message.step, errno: message.errno });
    case "exit":
      return json({ code: message.code });
    default:
      return message satisfies never;
  }
}

/** @throws ProtocolError on an unknown kind or a payload that is not valid for it */
export function decodeClientMessage(frame: Frame): ClientMessage {
  switch (frame.kind) {
    case KIND.prepare:
      return { type: "prepare", ...decodeCommand(frame.payload) };
    case KIND.request:
      return { type: "request", ...decodeCommand(frame.payload) };
    case KIND.stdin:
      return { type: "stdin", data: frame.payload };
    case KIND["stdin-end"]:
      refuseUnless(frame.payload.length === 0, "stdin-end has a payload");
      return { type: "stdin-end" };
    case KIND.window:
      return decodeWindow(frame.payload);
    case KIND.signal:
      return { type: "signal", signal: decodeSignal(frame.payload) };
    case KIND.resize: {
      const { columns, rows } = object(frame.payload);
      refuseUnless(isCount(columns) && isCount(rows), "resize: size");
      return { type: "resize", columns, rows };
    }
    case KIND.terminate:
      refuseUnless(frame.payload.length === 0, "terminate has a payload");
      return { type: "terminate" };
    default:
      throw new ProtocolError(`unknown message kind ${frame.kind}`);
  }
}

/** @throws ProtocolError on an unknown kind or a payload that is not valid for it */
export function decodeAgentMessage(frame: Frame): AgentMessage {
  switch (frame.kind) {
    case KIND.started: {
      const { pid, lost } = object(frame.payload);
      refuseUnless(isCount(pid) && pid > 0, "started: pid");
      refuseUnless(lost === undefined || lost === "ended" || lost === "silent", "started: lost");
      return lost === undefined ? { type: "started", pid } : { type: "started", pid, lost };
    }
    case KIND.failed: {
      const { step, errno } = object(frame.payload);
      refuseUnless(step === "chdir" || step === "exec", "failed: step");
      refuseUnless(typeof errno === "string", "failed: errno");
      return { type: "failed", step, errno };
    }
    case KIND.stdout:
      return { type: "stdout", data: frame.payload };
    case KIND.stderr:
      return { type: "stderr", data: frame.payload };
    case KIND.window:
      return decodeWindow(frame.payload);
    case KIND.exit: {
      const { code } = object(frame.payload);
      refuseUnless(isCount(code) && code <= 255, "exit: code");
      return { type: "exit", code };
    }
    case KIND.killed:
      return { type: "killed", signal: decodeSignal(frame.payload) };
    default:
      throw new ProtocolError(`unknown message kind ${frame.kind}`);
  }
}

function decodeCommand(payload: Buffer): Command {
  const { argv, cwd, fixedCwd, endsByItself, env } = object(payload);
  refuseUnless(Array.isArray(argv) && argv.length > 0 && argv.every(isString), "request: argv");
  refuseUnless(isString(cwd), "request: cwd");
  refuseUnless(isRecordOfStrings(env), "request: env");
  const fixed = FIXED.find((name) => name === fixedCwd);
  refuseUnless(fixed === fixedCwd, "request: fixedCwd");
  refuseUnless(endsByItself === undefined || typeof endsByItself === "boolean", "request: endsByItself");
  return { argv, cwd, ...(fixed && { fixedCwd: fixed }), ...(endsByItself !== undefined && { endsByItself }), env };
}

function decodeWindow(payload: Buffer): ClientMessage & AgentMessage {
  refuseUnless(payload.length === 5, "window: length");
  const stream = STREAMS[payload.readUInt8(0)];
  refuseUnless(stream !== undefined, "window: stream");
  return { type: "window", stream, bytes: payload.readUInt32BE(1) };
}

function decodeSignal(payload: Buffer): NodeJS.Signals {
  const { signal } = object(payload);
  refuseUnless(isSignal(signal), "signal: name");
  return signal;
}

export function isSignal(name: unknown): name is NodeJS.Signals {
  return typeof name === "string" && Object.hasOwn(LINUX_SIGNALS, name);
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value), "utf8");
}

function object(payload: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString("utf8"));
  } catch {
    throw new ProtocolError("bad message: it is not valid JSON");
  }
  refuseUnless(isRecord(value), "it is not an object");
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isRecordOfStrings(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every(isString);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function refuseUnless(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ProtocolError(`bad message: ${what}`);
}
