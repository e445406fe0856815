import { Failure } from "../failure.ts";
import { textFault } from "./text.ts";

/** docker's default. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A clean environment, then the requested variables: KEY=VALUE, or KEY for the caller's value, if it has one. */
export function environmentOf(
  container: { hostname: string; home: string; terminal: boolean },
  asked: readonly string[],
  caller: Readonly<Record<string, string | undefined>>,
): string[] {
  const env = new Map([
    ["PATH", PATH],
    ["HOSTNAME", container.hostname],
    ["HOME", container.home],
  ]);
  if (container.terminal) env.set("TERM", caller["TERM"] || "xterm");
  for (const entry of asked) {
    const equals = entry.indexOf("=");
    const key = equals < 0 ? entry : entry.slice(0, equals);
    const value = equals < 0 ? caller[key] : entry.slice(equals + 1);
    const fault = key === "" ? "has no name" : textFault(entry);
    if (fault !== undefined) {
      throw new Failure(`the environment variable ${JSON.stringify(entry)} ${fault}`, {
        code: "usage",
        remedy: "use -e KEY=VALUE, or -e KEY for the value in your environment",
      });
    }
    if (value !== undefined) env.set(key, value);
  }
  return Array.from(env, ([key, value]) => `${key}=${value}`);
}
