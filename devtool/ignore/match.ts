import type { Pattern, Segment, Token } from "./pattern.ts";

/**
 * Whether a path matches, negation aside. `path` is relative; it and `name`, its last component, have one code unit per
 * byte.
 */
export type PathMatcher = (path: string, name: string, isDirectory: boolean) => boolean;

export function compilePattern(pattern: Pattern): PathMatcher {
  const matches = pattern.anchored ? anchoredMatcher(pattern.segments) : nameMatcher(pattern.segments[0] ?? []);
  return pattern.directoryOnly ? (path, name, isDirectory) => isDirectory && matches(path, name) : matches;
}

/** The two usual forms, a name and a suffix, are matched without a regular expression. */
function nameMatcher(segment: Segment): (path: string, name: string) => boolean {
  const tokens = segment === "**" ? [] : segment;
  const [first, second] = tokens;
  if (tokens.length === 1 && first?.kind === "literal") return (_path, name) => name === first.text;
  if (tokens.length === 2 && first?.kind === "star" && second?.kind === "literal") {
    return (_path, name) => name.endsWith(second.text);
  }
  const expression = new RegExp(`^${tokens.map(tokenExpression).join("")}$`, "s");
  return (_path, name) => expression.test(name);
}

function anchoredMatcher(segments: readonly Segment[]): (path: string) => boolean {
  let source = "^";
  segments.forEach((segment, i) => {
    const isLast = i === segments.length - 1;
    if (segment === "**") source += isLast ? ".+" : "(?:.+/)?";
    else source += segment.map(tokenExpression).join("") + (isLast ? "" : "/");
  });
  const expression = new RegExp(`${source}$`, "s");
  return (path) => expression.test(path);
}

function tokenExpression(token: Token): string {
  switch (token.kind) {
    case "literal":
      return Array.from(token.text, hexEscape).join("");
    case "any":
      return "[^/]";
    case "star":
      return "[^/]*";
    case "class": {
      const ranges = token.ranges.map((range) => range.map((byte) => hexEscape(String.fromCharCode(byte))).join("-"));
      return `(?!/)[${token.negated ? "^" : ""}${ranges.join("")}]`;
    }
  }
}

function hexEscape(byte: string): string {
  return `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
