/** Does the work for each item, so many at a time. The first failure stops the rest, and is thrown when all have ended. */
export async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  stop: AbortController,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) {
      if (stop.signal.aborted) return;
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
        stop.abort(error);
      }
    }
  };
  stop.signal.throwIfAborted();
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (failures.length > 0) throw failures[0];
}
