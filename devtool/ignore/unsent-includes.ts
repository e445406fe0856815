import { nameOf, shownName, toBytes } from "../paths/bytes.ts";
import { parseLines } from "./lines.ts";
import { compilePattern } from "./match.ts";
import type { IgnoreRules } from "./rules.ts";

/** Finds the include lines with wildcards that match something which is ignored, and so is not sent. */
export class UnsentIncludes {
  readonly #rules: IgnoreRules;
  /** Each is reported once. */
  #lines: { readonly where: string; readonly matches: ReturnType<typeof compilePattern> }[];
  readonly problems: string[] = [];

  constructor(include: readonly string[], rules: IgnoreRules) {
    this.#rules = rules;
    const { lines } = parseLines(include.map(toBytes), (index) => `sync.include[${index}]`, rules.ignoreCase);
    this.#lines = lines
      .filter(({ negated, tokens }) => !negated && tokens.some(({ kind }) => kind === "star" || kind === "any"))
      .map((line) => ({ where: line.where, matches: compilePattern(line) }));
  }

  /** A path whose parents are not ignored. */
  check(path: string, isDirectory: boolean): void {
    const found = this.#lines.filter(({ matches }) => matches(path, nameOf(path), isDirectory));
    const ignoredBy = found.length > 0 ? this.#rules.ignoredBy(path, isDirectory) : undefined;
    if (ignoredBy === undefined) return;
    this.#lines = this.#lines.filter((line) => !found.includes(line));
    for (const { where } of found) {
      this.problems.push(
        `${where} does not send ${shownName(path)}, which ${ignoredBy.where} ignores; name it without a wildcard to send it`,
      );
    }
  }
}
