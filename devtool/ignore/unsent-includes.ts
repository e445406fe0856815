import { nameOf, shownName, toBytes } from "../paths/bytes.ts";
import { parseLines } from "./lines.ts";
import { compilePattern } from "./match.ts";
import type { Token } from "./pattern.ts";
import type { IgnoreRules } from "./rules.ts";

interface IncludeLine {
  readonly where: string;
  readonly matches: ReturnType<typeof compilePattern>;
  readonly hasWildcard: boolean;
}

/** Finds the include lines that match nothing, and those with wildcards that match something which is ignored, and so is not sent. */
export class UnsentIncludes {
  readonly #rules: IgnoreRules;
  /** Those that nothing was found for. */
  readonly #unmatched: Set<IncludeLine>;
  /** With wildcards. Each is reported once. */
  #lines: IncludeLine[];
  readonly #problems: string[] = [];

  constructor(include: readonly string[], rules: IgnoreRules) {
    this.#rules = rules;
    const where = (index: number) => `sync.include[${index}], ${JSON.stringify(include[index])},`;
    const { lines } = parseLines(include.map(toBytes), where, rules.ignoreCase);
    const chosen = lines
      .filter(({ negated }) => !negated)
      .map((line) => ({ where: line.where, matches: compilePattern(line), hasWildcard: line.tokens.some(isWildcard) }));
    this.#unmatched = new Set(chosen);
    this.#lines = chosen.filter(({ hasWildcard }) => hasWildcard);
  }

  /** A sentence each, once all paths were checked. */
  get problems(): readonly string[] {
    const unmatched = [...this.#unmatched].map(
      ({ where }) => `${where} sends nothing: the project has nothing of that name, or git ignores it`,
    );
    return [...this.#problems, ...unmatched];
  }

  /** A path whose parents are not ignored. */
  check(path: string, isDirectory: boolean): void {
    for (const line of this.#unmatched) if (line.matches(path, nameOf(path), isDirectory)) this.#unmatched.delete(line);
    const found = this.#lines.filter(({ matches }) => matches(path, nameOf(path), isDirectory));
    const ignoredBy = found.length > 0 ? this.#rules.ignoredBy(path, isDirectory) : undefined;
    if (ignoredBy === undefined) return;
    this.#lines = this.#lines.filter((line) => !found.includes(line));
    for (const { where } of found) {
      this.#problems.push(
        `${where} does not send ${shownName(path)}, which ${ignoredBy.where} ignores; name it without a wildcard to send it`,
      );
    }
  }
}

function isWildcard({ kind }: Token): boolean {
  return kind === "star" || kind === "any";
}
