import { createReadStream, open } from "node:fs";
import { addAbortSignal, type Readable } from "node:stream";
import { promisify } from "node:util";
import { orAbort, untilAborted } from "../../host/or-abort.ts";

const READ_BYTES = 256 * 1_024;

/**
 * The bytes of a file, or of `stdin` for "-". Throws the signal's reason at once, also where a pipe has no writer yet, or one
 * that writes nothing.
 */
export async function openSource(source: string, stdin: Readable, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
  if (source === "-") return abortable(stdin, signal);
  const fd = await orAbort(promisify(open)(source, "r"), signal);
  return abortable(createReadStream("", { fd, highWaterMark: READ_BYTES }), signal);
}

/** Without a listener, a stream that fails before it is read would end this process. Reading it throws the error again. */
function abortable(stream: Readable, signal: AbortSignal): AsyncIterable<Buffer> {
  stream.on("error", () => {});
  return untilAborted(addAbortSignal(signal, stream), signal);
}
