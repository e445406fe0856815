import { Failure } from "../../failure.ts";
import { didYouMean } from "../../spec/nearest.ts";
import type { Option, Options, Values } from "./option.ts";
import { SO_ANYWAY, UNAVAILABLE } from "./unavailable.ts";

/**
 * Splits arguments as docker does (github.com/spf13/pflag): options end at `--` or at the first argument that is none, and
 * `rest` is what follows; `isAfterDashes`: they ended at `--`. Throws Failure for an unknown option and for one without its value.
 */
export function parseOptions<T extends Options>(
  options: T,
  args: readonly string[],
  usage: Usage = RUN_USAGE,
): { values: Values<T>; rest: readonly string[]; isAfterDashes: boolean } {
  const syntax = { options, usage };
  const given: Given[] = [];
  let at = 0;
  let isAfterDashes = false;
  for (let argument = args[at]; argument !== undefined && isOption(argument); argument = args[at]) {
    at += 1;
    isAfterDashes = argument === "--";
    if (isAfterDashes) break;
    const next = args[at];
    const read = argument.startsWith("--") ? [longOption(syntax, argument, next)] : cluster(syntax, argument, next);
    if (read.at(-1)?.tookNext) at += 1;
    given.push(...read);
  }
  return { values: valuesOf(syntax, given), rest: args.slice(at), isAfterDashes };
}

/** How a command is written, for messages. */
export interface Usage {
  /** Such as `run`. */
  readonly command: string;
  /** What follows it. */
  readonly synopsis: string;
  /** docker's options that are not here, by name and by letter, and what to do instead. */
  readonly unavailable?: Readonly<Record<string, string>> | undefined;
}

/** What a command can be given. */
interface Syntax<T extends Options = Options> {
  readonly options: T;
  readonly usage: Usage;
}

interface Given {
  readonly name: string;
  readonly value: string;
  /** The value is the argument after the option's. */
  readonly tookNext: boolean;
}

/** A lone dash is an argument. */
function isOption(argument: string): boolean {
  return argument.startsWith("-") && argument !== "-";
}

/** `--name=value`, `--name value`, or `--name` for a boolean. */
function longOption({ options, usage }: Syntax, argument: string, next: string | undefined): Given {
  const [, written = "", value] = /^--([^=]*)(?:=([\s\S]*))?$/.exec(argument) ?? [];
  const name = Object.keys(options).find((known) => options[known]?.aliases?.includes(written)) ?? written;
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) {
    const given = soAnyway(name, value, next);
    if (given) return given;
    throw unknown({ options, usage }, `--${name}`, argument);
  }
  return { name, ...valueFor(usage, option, `--${written}`, value, next) };
}

/** An option that is not here, and asks for what is so without it. */
function soAnyway(name: string, value: string | undefined, next: string | undefined): Given | undefined {
  const values = Object.hasOwn(SO_ANYWAY, name) ? SO_ANYWAY[name] : undefined;
  const isFlag = values?.includes("true");
  const asked = value ?? (isFlag ? "true" : next);
  if (asked === undefined || !values?.includes(asked)) return undefined;
  return { name, value: asked, tookNext: value === undefined && !isFlag };
}

/** `-it`, `-u0`, `-u=0`, `-u 0`, `-itu 0`: the first option that takes a value takes all that follows. */
function cluster({ options, usage }: Syntax, argument: string, next: string | undefined): Given[] {
  const given: Given[] = [];
  for (let letters = argument.slice(1); letters !== ""; ) {
    const letter = letters.charAt(0);
    const [name, option] = Object.entries(options).find(([, { short }]) => short === letter) ?? [];
    if (name === undefined || option === undefined) {
      throw unknown({ options, usage }, `-${letter}`, argument);
    }
    const after = letters.slice(1);
    const isFlag = option.type === "boolean" && !after.startsWith("=");
    const value = isFlag || after === "" ? undefined : after.replace(/^=/, "");
    given.push({ name, ...valueFor(usage, option, `-${letter}`, value, next) });
    letters = isFlag ? after : "";
  }
  return given;
}

function valueFor(usage: Usage, option: Option, written: string, value: string | undefined, next: string | undefined) {
  if (value !== undefined) return { value, tookNext: false };
  if (option.type === "boolean") return { value: "true", tookNext: false };
  if (next === undefined) throw refused(usage, `the option ${written} needs a value`);
  return { value: next, tookNext: true };
}

function valuesOf<T extends Options>({ options, usage }: Syntax<T>, given: readonly Given[]): Values<T> {
  const values = Object.entries(options).map(([name, { type, multiple, emptyIsUnset }]) => {
    const written = given.filter((one) => one.name === name).map(({ value }) => value);
    if (multiple) return [name, written];
    const last = written.at(-1);
    if (last === "" && emptyIsUnset) return [name, undefined];
    return [name, type === "boolean" && last !== undefined ? booleanOf(usage, name, last) : last];
  });
  return Object.fromEntries(values) as Values<T>;
}

/** The words of Go's strconv.ParseBool. */
function booleanOf(usage: Usage, name: string, value: string): boolean {
  if (/^(1|t|T|true|True|TRUE)$/.test(value)) return true;
  if (/^(0|f|F|false|False|FALSE)$/.test(value)) return false;
  throw refused(usage, `the option --${name} is true or false, not ${JSON.stringify(value)}`);
}

/** `written`: the option as it was given, in the whole `argument`. */
function unknown({ options, usage }: Syntax, written: string, argument: string): Failure {
  const instead = insteadOf({ ...UNAVAILABLE, ...usage.unavailable }, written.replace(/^-+/, ""));
  if (instead !== undefined) {
    return new Failure(`tinydocker ${usage.command} has no ${written}`, { code: "usage", remedy: instead });
  }
  const where = argument.startsWith(written) ? "" : ` in ${argument}`;
  const meant = didYouMean(
    written,
    Object.keys(options).map((known) => `--${known}`),
  );
  return refused(usage, `unknown option '${written}'${where}`, meant);
}

function insteadOf(unavailable: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(unavailable, name) ? unavailable[name] : undefined;
}

function refused(usage: Usage, message: string, remedy = usageRemedy(usage)): Failure {
  return new Failure(message, { code: "usage", remedy });
}

export const RUN_USAGE: Usage = { command: "run", synopsis: "[OPTION…] NAME CMD [ARG…]" };

export function usageRemedy({ command, synopsis }: Usage): string {
  const written = `tinydocker ${command} ${synopsis}`.trim();
  return `${written}; see tinydocker ${command} --help`;
}
