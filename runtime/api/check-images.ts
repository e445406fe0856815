import { Readable } from "node:stream";
import type { LayerProgress } from "../image/pull/progress.ts";
import { checkedName, fields, mustBe, text } from "./check.ts";

export function checkedImport(name: unknown, source: unknown, options: unknown) {
  const { signal } = fields("importImage", "options", options, ["signal"]);
  return { name: checkedName(name), signal: checkedSignal(signal), ...checkedSource(source) };
}

export function checkedPull(name: unknown, options: unknown) {
  const { signal, progress } = fields("pullImage", "options", options, ["signal", "progress"]);
  return { name: checkedName(name), signal: checkedSignal(signal), progress: checkedProgress(progress) };
}

export function checkedLoad(source: unknown, options: unknown) {
  const { name, signal, progress } = fields("loadImages", "options", options, ["name", "signal", "progress"]);
  return {
    ...checkedSource(source),
    name: name === undefined ? undefined : text("name", name),
    signal: checkedSignal(signal),
    progress: checkedProgress(progress),
  };
}

function checkedSignal(signal: unknown = new AbortController().signal): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  throw mustBe("signal", "an AbortSignal", signal);
}

function checkedProgress(progress: unknown = () => {}): (layer: LayerProgress) => void {
  if (typeof progress === "function") return (layer) => void progress(layer);
  throw mustBe("progress", "a function", progress);
}

function checkedSource(source: unknown) {
  // "-" names standard input on the command line.
  if (typeof source === "string") return { source: source === "-" ? "./-" : source, stdin: Readable.from([]) };
  if (!isAsyncIterable(source)) throw mustBe("source", "a path or an AsyncIterable of bytes", source);
  const stdin = source instanceof Readable ? source : Readable.from(bytesOf(source), { objectMode: false });
  return { source: "-", stdin };
}

async function* bytesOf(source: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    if (!(chunk instanceof Uint8Array)) throw mustBe("each piece of source", "a Uint8Array", chunk);
    yield chunk;
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    Symbol.asyncIterator in value &&
    typeof value[Symbol.asyncIterator] === "function"
  );
}
