/** PATTERNS of ssh_config(5), which known_hosts files have too: `*` matches any characters, `?` one. */
export function matchesPattern(pattern: string, name: string): boolean {
  const regularExpression = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${regularExpression}$`, "s").test(name);
}

/** A pattern list: a negated pattern (`!…`) that matches excludes the name, whatever else matches. */
export function matchesPatternList(patterns: readonly string[], name: string): boolean {
  const negated = patterns.filter((pattern) => pattern.startsWith("!"));
  if (negated.some((pattern) => matchesPattern(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && matchesPattern(pattern, name));
}
