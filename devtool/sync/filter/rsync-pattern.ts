import type { Pattern, Token } from "../../ignore/pattern.ts";

/** A pattern becomes 2^n rules for n of its `**`/ that may stand for nothing; further ones are widened or left out. */
const ALTERNATIVES_MAX = 16;
/** rsync ends the connection at a rule as long as its line buffer; rsync.h:BIGPATHBUFLEN. */
const RULE_BYTES_MAX = 4096;

/**
 * The pattern in rsync's syntax: each text matches a part of what the pattern matches, together they match all of it.
 * Where that would take too many or too long texts, those of a negated pattern match less, and those of another more,
 * so that the receiver keeps what it might have to delete. Without the rule's sign. rsync(1), "PATTERN MATCHING RULES".
 */
export function rsyncPatterns(pattern: Pattern): string[] {
  const end = pattern.directoryOnly ? "/" : "";
  const start = pattern.anchored ? "/" : "";
  const texts = alternatives(pattern).map((tokens) => `${start}${print(tokens)}${end}`);
  if (texts.every(({ length }) => length <= RULE_BYTES_MAX)) return texts;
  return pattern.negated ? texts.filter(({ length }) => length <= RULE_BYTES_MAX) : ["*"];
}

/** git's `**`/ matches no folder too, rsync's needs one: returns both forms. */
function alternatives({ tokens, negated }: Pattern): (readonly Token[])[] {
  let all: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind !== "folders") all = all.map((head) => [...head, token]);
    else {
      const deeper: Token[] = [{ kind: "deep" }, { kind: "slash" }];
      if (all.length < ALTERNATIVES_MAX) all = [...all, ...all.map((head) => [...head, ...deeper])];
      else if (!negated) all = all.map((head) => [...head, { kind: "deep" }]);
    }
  }
  return all;
}

/** rsync reads a backslash as an escape only in a pattern with a wildcard. */
function print(tokens: readonly Token[]): string {
  const isWild = tokens.some(
    (token) => token.kind !== "slash" && (token.kind !== "literal" || /[*?[]/.test(token.text)),
  );
  return tokens.map((token) => printToken(token, isWild)).join("");
}

function printToken(token: Token, isWild: boolean): string {
  switch (token.kind) {
    case "literal":
      return isWild ? token.text.replace(/[*?[]/g, "[$&]").replace(/\\/g, "\\\\") : token.text;
    case "slash":
      return "/";
    case "any":
      return "?";
    case "star":
      return "*";
    case "deep":
    case "folders":
      return "**";
    case "class":
      return `[${token.ranges.map(printRange).join("")}]`;
    default:
      return token satisfies never;
  }
}

function printRange([first, last]: readonly [number, number]): string {
  const from = `\\${String.fromCharCode(first)}`;
  return first === last ? from : `${from}-\\${String.fromCharCode(last)}`;
}
