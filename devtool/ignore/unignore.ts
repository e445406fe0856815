import { parentOf, toBytes } from "../paths/bytes.ts";
import { type Line, parseLines } from "./lines.ts";
import { literalPath, type Pattern, type Token } from "./pattern.ts";
import type { IgnoreRules } from "./rules.ts";

interface Project {
  /** Reads a folder's .gitignore into the rules. */
  readFolder(folder: string): void;
  isDirectory(path: string): boolean;
}

/** The paths that include lines name without a wildcard: a name without a slash is one at any depth. */
export function namedPaths(include: readonly string[]): (string | Line)[] {
  const { lines } = parseLines(include.map(toBytes), (index) => `sync.include[${index}]`, false);
  return lines
    .filter(({ negated, tokens }) => !negated && tokens.every(isLiteral))
    .map((line) => (line.anchored ? textOf(line.tokens) : line));
}

/**
 * Adds lines by which a path is not ignored. What is beside it in an ignored folder stays ignored, and so does what is
 * below it and ignored by a line of its own.
 */
export function unignore(rules: IgnoreRules, named: string | Line, project: Project): void {
  if (typeof named !== "string") {
    rules.addAbove({ lines: [{ ...named, negated: true }] });
    return;
  }
  for (let slash = named.indexOf("/"); ; slash = named.indexOf("/", slash + 1)) {
    const path = slash === -1 ? named : named.slice(0, slash);
    project.readFolder(parentOf(path));
    const isFolder = slash !== -1 || project.isDirectory(path);
    if (rules.ignoredBy(path, isFolder) !== undefined) rules.addAbove({ lines: linesFor(path, slash !== -1) });
    if (slash === -1) return;
  }
}

function linesFor(path: string, isPassage: boolean): Line[] {
  const base = { anchored: true, directoryOnly: false, where: "what is sent although it is ignored" };
  const tokens = literalPath(path);
  const itself: Line = { ...base, directoryOnly: isPassage, negated: true, tokens };
  const others: Line = { ...base, negated: false, tokens: [...tokens, { kind: "slash" }, { kind: "star" }] };
  return isPassage ? [itself, others] : [itself];
}

function isLiteral({ kind }: Token): boolean {
  return kind === "literal" || kind === "slash";
}

function textOf(tokens: Pattern["tokens"]): string {
  return tokens.map((token) => (token.kind === "literal" ? token.text : "/")).join("");
}
