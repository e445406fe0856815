import { Failure } from "../../failure.ts";
import type { Options } from "../options/option.ts";
import { parseOptions, type Usage, usageRemedy } from "../options/parse.ts";
import type { Verb } from "./verb.ts";

/** Runs a verb with the arguments after its name, and returns the exit code. Throws Failure. */
export async function runWith<T extends Options>(
  name: string,
  verb: Verb<T>,
  args: readonly string[],
): Promise<number> {
  const usage = { command: name, synopsis: verb.synopsis, unavailable: verb.unavailable };
  const { values, rest } = parseInterspersed(verb.options, usage, args);
  try {
    return await verb.run(values, rest);
  } catch (error) {
    throw withUsage(error, usage);
  }
}

/** What is wrong with the arguments says what can be given, unless it says better what to do. */
function withUsage(error: unknown, usage: Usage): unknown {
  if (!(error instanceof Failure) || error.code !== "usage" || error.remedy !== undefined) return error;
  return new Failure(error.message, { code: "usage", remedy: usageRemedy(usage), cause: error });
}

/** Options may follow the names, as docker takes them: `rm web -f`. */
function parseInterspersed<T extends Options>(options: T, usage: Usage, args: readonly string[]) {
  const given: string[] = [];
  const names: string[] = [];
  let left = args;
  while (left.length > 0) {
    const { rest, isAfterDashes } = parseOptions(options, left, usage);
    given.push(...left.slice(0, left.length - rest.length - (isAfterDashes ? 1 : 0)));
    names.push(...(isAfterDashes ? rest : rest.slice(0, 1)));
    left = isAfterDashes ? [] : rest.slice(1);
  }
  return { values: parseOptions(options, given, usage).values, rest: names };
}
