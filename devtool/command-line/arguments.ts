import yargs from "yargs";
import { Failure } from "../failure.ts";
import { nearest } from "../report/nearest.ts";
import { INSPECT_PORT } from "../run/inspect.ts";
import type { Options } from "./options.ts";
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

export type CommandName = keyof typeof COMMANDS;

/** `words`: the operands, as the usage shows them; `all`: options too are passed on to another program; "passed on": also --help after others. */
const COMMANDS = {
  init: { words: "", about: "write a first configuration for the project in this folder" },
  config: {
    words: "print | schema",
    about: "show the configuration with where each value comes from, or its JSON schema",
  },
  run: { words: "[CMD…]", about: "bundle, sync, compile, and run once; the exit code is the command's" },
  watch: { words: "[CMD…]", about: "the same at every save" },
  sync: { words: "", about: "bundle, and update the mirror on the target" },
  build: { words: "", about: "bundle, sync, and compile on the target" },
  pull: { words: "PATH…", about: "bring files and folders back from the mirror, such as what was built there" },
  doctor: { words: "", about: "report what is missing here and on the target, and what to do about it" },
  provision: { words: "", about: "install what is missing on the target (Debian, Ubuntu)" },
  up: { words: "all", about: "start the Vagrant machine" },
  halt: { words: "all", about: "stop the Vagrant machine" },
  destroy: { words: "all", about: "remove the Vagrant machine" },
  trace: { words: "[FILE.html]", about: "show where the time of the last rounds went, or write it as a page" },
  ide: {
    words: "vscode | jetbrains | zed | neovim  [CMD…]",
    about: "write what an editor needs to run, watch, build and debug the project",
  },
  exec: { words: "passed on", about: "run a command in a container on the target, as tinydocker exec" },
  ps: { words: "passed on", about: "list the containers on the target, as tinydocker ps" },
  logs: { words: "passed on", about: "show what a container on the target printed, as tinydocker logs" },
  stop: { words: "passed on", about: "end containers on the target, as tinydocker stop" },
  rm: { words: "passed on", about: "remove containers on the target, as tinydocker rm" },
  stats: { words: "passed on", about: "show what containers on the target use, as tinydocker stats" },
  ssh: { words: "[CMD…]", about: "open a shell on the target, in the mirror" },
  clean: { words: "", about: "remove the mirror and what else devtool keeps on the target, after asking" },
  status: { words: "", about: "show the target, how it is reached, and where the mirror is" },
} as const;

const NAMES = Object.keys(COMMANDS) as CommandName[];

const OPTIONS = {
  target: {
    type: "string",
    requiresArg: true,
    describe: "local, vagrant, [user@]host[:port], or a name in the configuration; several, side by side: a,b",
  },
  config: {
    type: "string",
    requiresArg: true,
    describe: "configuration file, instead of the nearest devtool.config.*",
  },
  json: { type: "boolean", describe: "the same as --format json" },
  format: {
    type: "string",
    requiresArg: true,
    describe: "human; json: one event per line; sarif, github: also the diagnostics, as these read them",
  },
  provision: { type: "boolean", describe: "before run and watch: install what is missing on the target" },
  interactive: { type: "boolean", alias: "i", describe: "watch: the program gets the terminal and the input" },
  "on-busy": {
    type: "string",
    requiresArg: true,
    describe: "watch: at a save while the program runs, restart it; queue the round; or ignore it",
  },
  forward: {
    type: "string",
    array: true,
    requiresArg: true,
    describe: "run and watch: PORT[:PORT] of this machine is the target's while the program runs; may be repeated",
  },
  reverse: {
    type: "string",
    array: true,
    requiresArg: true,
    describe: "run and watch: PORT[:PORT] of the target is this machine's",
  },
  timings: { type: "boolean", describe: "run and watch: say after each round what its stages took" },
  inspect: {
    type: "boolean",
    describe: `run and watch: a debugger can attach to the program, at port ${INSPECT_PORT} or --inspect=PORT of this machine`,
  },
  "inspect-brk": {
    type: "boolean",
    describe: "the same, and the program waits for the debugger before its first line",
  },
  force: {
    type: "boolean",
    describe:
      "sync even if that deletes most of what was sent before; pull, ide: also replace what is newer or edited here",
  },
  "dry-run": { type: "boolean", describe: "sync, pull: only name what would be sent, deleted or brought" },
  yes: { type: "boolean", describe: "clean: remove without asking" },
  caches: { type: "boolean", describe: "clean: also the native packages that are cached on this machine" },
  old: { type: "boolean", describe: "clean: also the mirrors of other projects that were not used for 30 days" },
  "accept-new-host-key": { type: "boolean", describe: "accept the key of a host that is not known yet" },
  "ssh-config": { type: "string", requiresArg: true, describe: "SSH configuration file, instead of ~/.ssh/config" },
  help: { type: "boolean", alias: "h", describe: "show this help" },
  version: { type: "boolean", describe: "show devtool's version" },
} as const;

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
  if (words === "all") return { ...before, help: rest.includes("--help"), words: rest };
  return words === "passed on" ? { ...before, help: rest[0] === "--help", words: rest } : parse(rest);
}

function commandNamed(word: string | undefined): CommandName | undefined {
  const name = NAMES.find((known) => known === word);
  if (word === undefined || name !== undefined) return name;
  throw unknown("command", word, NAMES);
}

/** Of the others, the last one counts. */
const REPEATABLE: readonly string[] = ["forward", "reverse"];

/** Options of some commands only. */
const ONLY_OF: Readonly<Record<string, readonly CommandName[]>> = {
  interactive: ["watch"],
  "on-busy": ["watch"],
  forward: ["run", "watch"],
  timings: ["run", "watch"],
  inspect: ["run", "watch"],
  "inspect-brk": ["run", "watch"],
  reverse: ["run", "watch"],
  force: ["sync", "build", "run", "watch", "ide", "pull"],
  "dry-run": ["sync", "pull"],
  yes: ["clean"],
  caches: ["clean"],
  old: ["clean"],
};

function refuseForeign(given: Readonly<Record<string, unknown>>, name: CommandName): void {
  for (const [option, commands] of Object.entries(ONLY_OF)) {
    if (!(option in given) || commands.includes(name)) continue;
    throw new Failure(`--${option} is an option of ${commands.join(", ")}`, { code: "usage", exitCode: 2 });
  }
}

type Parsed = Readonly<Record<string, unknown>> & { readonly words: readonly string[] };

/** Parses options up to the first word. What follows belongs to the command, even if it looks like an option. */
function parse(argv: readonly string[]): Parsed {
  const { _: words, ...options } = parser()
    .strictOptions()
    .fail((message: string | null, error: Error | undefined) => {
      throw refusal(message ?? error?.message ?? "the command line is not valid");
    })
    .parseSync([...argv]);
  const given = Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, Array.isArray(value) && !REPEATABLE.includes(name) ? value.at(-1) : value]);
  return {
    ...Object.fromEntries(given),
    ...inspectedAt(argv.slice(0, argv.length - words.length)),
    words: words.map(String),
  };
}

function parser() {
  return yargs()
    .scriptName("devtool")
    .help(false)
    .version(false)
    .options(OPTIONS)
    .locale("en")
    .exitProcess(false)
    .parserConfiguration({
      "halt-at-non-option": true,
      "parse-positional-numbers": false,
      "camel-case-expansion": false,
      "greedy-arrays": false,
    });
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
  const options = parser();
  if (name === undefined) {
    const width = Math.max(...NAMES.map((known) => known.length));
    const list = NAMES.map((known) => `  ${known.padEnd(width)}  ${COMMANDS[known].about}`).join("\n");
    return await options.usage(`devtool COMMAND [OPTIONS] [CMD…]\n\n${list}`).getHelp();
  }
  const { words, about } = COMMANDS[name];
  const usage = `devtool ${name} ${words === "all" ? "[vagrant's options]" : words === "passed on" ? "[tinydocker's arguments]" : `[OPTIONS] ${words}`}`;
  return await options.usage(`${usage.trim()}\n\n${about}`).getHelp();
}
