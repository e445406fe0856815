import { Failure } from "../failure.ts";
import { textFault } from "./text.ts";

/** docker's default. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Without a value, the variable is taken away. */
type Change = readonly [key: string, value: string | undefined];

/** A clean environment, then the requested variables: KEY=VALUE, or KEY for the caller's value; without one, there is no KEY. */
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
  change(env, requested(asked, caller));
  return textsOf(env);
}

/** The variables of a container that is running, for another command in it: `own` has what the command's user and terminal change. */
export function environmentInside(
  container: readonly string[],
  own: Readonly<Record<string, string | undefined>>,
  asked: readonly string[],
  caller: Readonly<Record<string, string | undefined>>,
): string[] {
  const env = new Map(container.map(partsOf));
  change(env, Object.entries(own));
  change(env, requested(asked, caller));
  return textsOf(env);
}

/** HOME is never missing, as with docker. */
function change(env: Map<string, string>, changes: readonly Change[]): void {
  for (const [key, value] of changes) {
    if (value !== undefined) env.set(key, value);
    else if (key !== "HOME") env.delete(key);
  }
}

function partsOf(entry: string): [key: string, value: string] {
  const equals = entry.indexOf("=");
  return [entry.slice(0, equals), entry.slice(equals + 1)];
}

function textsOf(env: ReadonlyMap<string, string>): string[] {
  return Array.from(env, ([key, value]) => `${key}=${value}`);
}

function requested(asked: readonly string[], caller: Readonly<Record<string, string | undefined>>): Change[] {
  return asked.map((entry) => {
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
    return [key, value];
  });
}
