/**
 * What becomes of the work, or the signal's reason as soon as that is aborted: a call that waits for another program to read or
 * write, on a thread, is then left to the end of this process.
 */
export function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    const settled = () => signal.removeEventListener("abort", abort);
    work.then(resolve, reject).finally(settled);
  });
}

/** The same of each piece of a source. */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { value, done } = await orAbort(iterator.next(), signal);
      if (done) return;
      yield value;
    }
  } finally {
    // Where it waits for another program, so would this.
    iterator.return?.().catch(() => {});
  }
}
