/** Does each of the works, as many at a time. */
export async function inParallel(works: readonly (() => Promise<unknown>)[], atOnce: number): Promise<void> {
  const waiting = [...works].reverse();
  const worker = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) await next();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
