/**
 * Whether a pattern of docker's `--filter reference=` is that of an image, by its name with or without the tag, as docker prints
 * it: `*` and `?` stand for what has no slash, `[a-z]` and `[^a-z]` for one character, and `\` takes the next one as it is.
 */
export function matchesName(pattern: string): (name: string) => boolean {
  const whole = new RegExp(`^(?:${expressionOf(pattern)})$`);
  // An address of IPv6 has brackets too.
  const matches = (name: string) => name === pattern || whole.test(name);
  return (name) => matches(name) || matches(withoutTag(name));
}

/** A pattern that is none, such as one whose bracket stays open, matches nothing but itself. */
function expressionOf(pattern: string): string {
  const token = /\\([\s\S])|\[(\^?)([^\]/]+)\]|([\s\S])/g;
  return [...pattern.matchAll(token)].map(partOf).join("");
}

function partOf([, escaped, not = "", set, other = ""]: RegExpMatchArray): string {
  if (escaped !== undefined) return literal(escaped);
  if (set !== undefined) return `[${not}${inOrder(set).replace(/[\\[\]^]/g, "\\$&")}]`;
  return other === "*" ? "[^/]*" : other === "?" ? "[^/]" : literal(other);
}

/** What a range backwards has is nothing, as in Go; a regular expression must not have one. */
function inOrder(set: string): string {
  return set.replace(/(.)-(.)/gs, (range, from: string, to: string) => (from > to ? "" : range));
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/** A colon before a slash is of a port. */
export function withoutTag(name: string): string {
  return name.replace(/(?::[^:/@]+)?(?:@.*)?$/, "");
}
