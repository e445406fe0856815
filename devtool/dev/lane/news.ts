import { shownName } from "../../paths/bytes.ts";

/** What syncs have to say of single files, each a sentence that begins with the file's name: it is news until that is said. */
export class News {
  #told = new Set<string>();

  /** Those not told yet. `looked`: the paths that the sync looked at, as bytes; undefined: all. What it does not say of them any more may be news again. */
  of(notices: readonly string[], looked: readonly string[] | undefined): string[] {
    const names = looked?.map((path) => `${shownName(path)} `);
    const isOutdated = (text: string) => names === undefined || names.some((name) => text.startsWith(name));
    const fresh = notices.filter((text) => !this.#told.has(text));
    const kept = [...this.#told].filter((text) => notices.includes(text) || !isOutdated(text));
    this.#told = new Set([...kept, ...fresh]);
    return fresh;
  }
}
