import { matchesPattern } from "./pattern.ts";

/** What ssh sends: of its own variables those that SendEnv names by patterns, then SetEnv's, each NAME=value. */
export function sentEnvironment(
  setEnv: readonly string[],
  sendEnv: readonly string[],
  own: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const isSent = (name: string) => sendEnv.some((pattern) => matchesPattern(pattern, name));
  const sent = Object.entries(own).filter(([name, value]) => value !== undefined && isSent(name));
  const set = setEnv.flatMap((assignment) => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(assignment) ?? [];
    return name === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries([...sent, ...set]) as Record<string, string>;
}
