/** LANG and LC_*, as OpenSSH's SendEnv sends them. macOS has an LC_CTYPE that no other system knows. */
export function locale(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const own = Object.entries(env).filter(
    ([name, value]) => /^(?:LANG|LC_\w+)$/.test(name) && value && value !== "UTF-8",
  );
  return Object.fromEntries(own) as Record<string, string>;
}
