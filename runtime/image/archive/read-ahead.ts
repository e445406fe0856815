/** The same pieces, of which the next one is made while the last one is used. */
export async function* readAhead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = source.next();
  try {
    for (let read = await next; !read.done; read = await next) {
      next = source.next();
      // It is thrown where it is awaited; until then, nobody listens.
      next.catch(() => {});
      yield read.value;
    }
  } finally {
    await source.return(undefined);
  }
}
