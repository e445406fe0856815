import yargs from "yargs";
import { Failure } from "../failure.ts";
import { nearest } from "../report/nearest.ts";
import type { Options } from "./options.ts";
import { COMMANDS, type CommandName, NAMES, ONLY_OF, OPTIONS, REPEATABLE } from "./tables.ts";
import { optionsOf } from "./values.ts";

/** The parsed command line. */
export type Arguments =
  | {
      readonly kind: "command";
      readonly name: CommandName;
      readonly options: Options;
      readonly words: readonly string[];
    }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" };

/** @throws Failure, exit code 2, that names the nearest command or option */
export async function parseArguments(argv: readonly string[]): Promise<Arguments> {
  const before = parse(argv);
  if (before["version"] === true) return { kind: "version" };
  const [word, ...rest] = before.words;
  if (word === undefined) {
    if (before["help"] === true) return { kind: "help", text: await helpText(undefined) };
    throw new Failure("no command given", {
      code: "usage",
      remedy: `use one of: ${NAMES.join(", ")}; see devtool --help`,
      exitCode: 2,
    });
  }
  if (word === "help") return { kind: "help", text: await helpText(commandNamed(rest[0])) };
  const name = NAMES.find((known) => known === word);
  if (name === undefined) throw unknown("command", word, [...NAMES, "help"]);
  const after = afterCommand(name, before, rest);
  if (before["help"] === true || after["help"] === true) return { kind: "help", text: await helpText(name) };
  if (COMMANDS[name].words === "" && after.words.length > 0) {
    throw new Failure(`devtool ${name} takes no arguments, got ${JSON.stringify(after.words[0])}`, {
      code: "usage",
      exitCode: 2,
    });
  }
  const given = { ...before, ...after };
  refuseForeign(given, name);
  const options = optionsOf(given);
  if (options.format === "sarif" && name !== "build" && name !== "sync") {
    throw new Failure(`--format sarif is one document about a build, and devtool ${name} prints other things too`, {
      code: "usage",
      remedy: "use it with build; --format json has the diagnostics of every command",
      exitCode: 2,
    });
  }
  return { kind: "command", name, options, words: after.words };
}

function afterCommand(name: CommandName, before: Parsed, rest: readonly string[]): Parsed {
  const { words } = COMMANDS[name];
  if (words === "all" || words === "passed on") {
    const at = ownOptionsEnd(rest);
    const passed = rest.slice(at);
    const help = words === "all" ? passed.includes("--help") : passed[0] === "--help";
    return { ...before, ...parse(rest.slice(0, at)), help, words: passed };
  }
  // Its words may be a command line that is being written.
  if (name === "completion") return parse(rest);
  if (!words.includes(COMMAND_WORDS)) return parse(rest, "anywhere");
  const after = parse(rest);
  const [operand, ...command] = after.words;
  if (words.startsWith(COMMAND_WORDS) || operand === undefined) return after;
  const { words: commandWords, ...options } = parse(command);
  return { ...after, ...options, words: [operand, ...commandWords] };
}

/** Options that no program has to which the rest is passed on. They come first: what follows may be a command's. */
const OWN: readonly string[] = ["--target", "--config", "--ssh-config"];

function ownOptionsEnd(rest: readonly string[]): number {
  let at = 0;
  for (let word = rest[0]; word !== undefined && OWN.includes(word.split("=", 1)[0] ?? ""); word = rest[at])
    at += word.includes("=") ? 1 : 2;
  return at;
}

/** A command of the user's, in the usage: what follows it are its own options. */
const COMMAND_WORDS = "[CMD…]";

function commandNamed(word: string | undefined): CommandName | undefined {
  const name = NAMES.find((known) => known === word);
  if (word === undefined || name !== undefined) return name;
  throw unknown("command", word, NAMES);
}

function refuseForeign(given: Readonly<Record<string, unknown>>, name: CommandName): void {
  for (const [option, commands] of Object.entries(ONLY_OF)) {
    if (!(option in given) || takes(name, option)) continue;
    throw new Failure(`--${option} is an option of ${commands.join(", ") || "devtool without a command"}`, {
      code: "usage",
      exitCode: 2,
    });
  }
}

function takes(name: CommandName, option: string): boolean {
  return ONLY_OF[option]?.includes(name) ?? true;
}

type Parsed = Readonly<Record<string, unknown>> & { readonly words: readonly string[] };

/** Parses options, by default up to the first word: what follows belongs to the command, even if it looks like an option. */
function parse(argv: readonly string[], where: "before words" | "anywhere" = "before words"): Parsed {
  const { _: words, ...options } = parser(where)
    .strictOptions()
    .fail((message: string | null, error: Error | undefined) => {
      throw refusal(message ?? error?.message ?? "the command line is not valid");
    })
    .parseSync(withFlagsApart(argv, where));
  const given = Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, Array.isArray(value) && !REPEATABLE.includes(name) ? value.at(-1) : value]);
  return {
    ...Object.fromEntries(given),
    ...inspectedAt(argv.slice(0, argv.length - words.length)),
    words: words.map(String),
  };
}

function parser(where: "before words" | "anywhere" = "before words", options: Partial<typeof OPTIONS> = OPTIONS) {
  return yargs()
    .scriptName("devtool")
    .help(false)
    .version(false)
    .options(options)
    .locale("en")
    .exitProcess(false)
    .parserConfiguration({
      "halt-at-non-option": where === "before words",
      "parse-positional-numbers": false,
      "camel-case-expansion": false,
      "greedy-arrays": false,
    });
}

const FLAGS: readonly string[] = Object.entries(OPTIONS).flatMap(([name, option]) =>
  option.type === "boolean" ? [`--${name}`, ...("alias" in option ? [`-${option.alias}`] : [])] : [],
);

/** Of `--inspect` it is a port. */
const VALUED = /^--inspect(?:-brk)?$/;

/**
 * yargs takes `true` and `false`, which are commands, for the value of a flag before them, and any other value of it for
 * `false`.
 */
function withFlagsApart(argv: readonly string[], where: "before words" | "anywhere"): string[] {
  const apart = [...argv];
  for (let at = 0; at < apart.length; at += 1) {
    const word = apart[at] ?? "";
    const [, flag = "", value = ""] = /^(--?[^=]+)=(.*)$/s.exec(word) ?? [];
    if (FLAGS.includes(flag) && !VALUED.test(flag) && !["true", "false"].includes(value))
      throw refusal(`${flag} is true or false, not ${JSON.stringify(value)}`);
    if (FLAGS.includes(word)) apart[at] = `${word}=true`;
    else if (/^--?[^=-][^=]*$/.test(word)) at += 1;
    else if (!word.startsWith("-") && where === "before words") break;
  }
  return apart;
}

/** The port of `--inspect=PORT`. To yargs it is a boolean: what may do without a value would take NAME for it. */
function inspectedAt(words: readonly string[]): Readonly<Record<string, unknown>> {
  const [, option, port] =
    /^--(inspect(?:-brk)?)=(.*)$/s.exec(words.findLast((word) => /^--inspect(-brk)?=/.test(word)) ?? "") ?? [];
  return option === undefined ? {} : { [option]: true, "inspect-port": port };
}

function refusal(message: string): Failure {
  const written = /^Unknown arguments?: ([^,]+)/.exec(message)?.[1];
  if (written !== undefined) return unknown("option", written, Object.keys(OPTIONS));
  const incomplete = /^Not enough arguments following: (.+)$/.exec(message)?.[1];
  return new Failure(incomplete === undefined ? message : `--${incomplete} needs a value`, {
    code: "usage",
    exitCode: 2,
  });
}

function unknown(what: "command" | "option", written: string, known: readonly string[]): Failure {
  const dashed = (name: string) => (what === "command" ? name : name.length === 1 ? `-${name}` : `--${name}`);
  const suggestion = nearest(written, known);
  const remedy = suggestion === undefined ? "devtool --help" : `did you mean ${dashed(suggestion)}?`;
  return new Failure(`unknown ${what} ${dashed(written)}`, { code: "usage", remedy, exitCode: 2 });
}

async function helpText(name: CommandName | undefined): Promise<string> {
  if (name === undefined) {
    const described = parser().usage("devtool COMMAND [OPTIONS] [CMD…]");
    for (const known of NAMES) described.command(known, COMMANDS[known].about);
    return await described.getHelp();
  }
  const { words, about } = COMMANDS[name];
  const passed = { all: "[vagrant's options]", "passed on": "[tinydocker's arguments]" };
  const usage = `devtool ${name} [OPTIONS] ${words === "all" || words === "passed on" ? passed[words] : words}`;
  const options = Object.fromEntries(Object.entries(OPTIONS).filter(([option]) => takes(name, option)));
  return await parser("before words", options).usage(`${usage.trim()}\n\n${about}`).getHelp();
}
