import { accepts } from "./automaton.ts";
import type { Pattern, Token } from "./pattern.ts";

/**
 * Whether a path matches, negation aside. `path` is relative to the pattern's folder; `name` is its last component.
 */
export type PathMatcher = (path: string, name: string, isDirectory: boolean) => boolean;

export function compilePattern(pattern: Pattern): PathMatcher {
  const matches = pattern.anchored ? anchoredMatcher(pattern.tokens) : nameMatcher(pattern.tokens);
  return pattern.directoryOnly ? (path, name, isDirectory) => isDirectory && matches(path, name) : matches;
}

/** The two usual forms, a name and a suffix, are matched without a regular expression. */
function nameMatcher(tokens: readonly Token[]): (path: string, name: string) => boolean {
  const [first, second] = tokens;
  if (tokens.length === 1 && first?.kind === "literal") return (_path, name) => name === first.text;
  if (tokens.length === 2 && first?.kind === "star" && second?.kind === "literal") {
    return (_path, name) => name.endsWith(second.text);
  }
  const matches = textMatcher(tokens);
  return (_path, name) => matches(name);
}

function anchoredMatcher(tokens: readonly Token[]): (path: string) => boolean {
  if (!tokens.every(({ kind }) => kind === "literal" || kind === "slash")) return textMatcher(tokens);
  const whole = tokens.map((token) => (token.kind === "literal" ? token.text : "/")).join("");
  return (path) => path === whole;
}

/** A regular expression with more wildcards could take time without limit. */
const EXPRESSION_WILDCARDS_MAX = 2;
const UNBOUNDED: ReadonlySet<Token["kind"]> = new Set(["star", "deep", "folders"]);

function textMatcher(tokens: readonly Token[]): (text: string) => boolean {
  const wildcards = tokens.filter(({ kind }) => UNBOUNDED.has(kind)).length;
  if (wildcards > EXPRESSION_WILDCARDS_MAX) return (text) => accepts(tokens, text);
  const expression = new RegExp(`^${tokens.map(tokenExpression).join("")}$`, "s");
  return (text) => expression.test(text);
}

function tokenExpression(token: Token): string {
  switch (token.kind) {
    case "literal":
      return Array.from(token.text, hexEscape).join("");
    case "slash":
      return "/";
    case "any":
      return "[^/]";
    case "star":
      return "[^/]*";
    case "deep":
      return ".*";
    case "folders":
      return "(?:.*/)?";
    case "class":
      return `[${token.ranges.map((range) => range.map((byte) => hexEscape(String.fromCharCode(byte))).join("-")).join("")}]`;
    default:
      return token satisfies never;
  }
}

function hexEscape(byte: string): string {
  return `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
