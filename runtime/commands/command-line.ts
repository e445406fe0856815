import type { Argv } from "yargs";
import { asYargsHasThem } from "./asks-for-help.ts";
import { type CommandNode, nodesOf } from "./completion/tree.ts";
import { groupHelp, helpOf, helpOfEach } from "./help.ts";
import { IMAGE_VERBS } from "./image/image.ts";
import { IMAGE_TRANSFERS } from "./image/transfers.ts";
import { NETWORK_VERBS } from "./network.ts";
import { notUnderstood } from "./not-understood.ts";
import { report } from "./output/report.ts";
import { isBrokenPipe, SIGPIPE_EXIT } from "./output/write.ts";
import { EXEC_OPTIONS } from "./run/exec-arguments.ts";
import { RUN_OPTIONS } from "./run/run-arguments.ts";
import { SYSTEM_VERBS } from "./system.ts";
import { unavailableCommand } from "./unavailable.ts";
import { VERBS } from "./verbs/verbs.ts";
import { version } from "./version.ts";
import { VOLUME_VERBS } from "./volume.ts";

/** The help, and what is wrong with words that name no command. Reports that, and returns the exit code. */
export async function otherCommands(args: readonly string[]): Promise<number> {
  try {
    const words = asYargsHasThem(args);
    // yargs would print the help of all commands.
    const unknown = unknownAmong(nodesOf(withCommands), words);
    if (unknown !== undefined) throw unavailableCommand(words) ?? notUnderstood(`Unknown argument: ${unknown}`, words);
    await parse(words);
    // Set where the help could not be written.
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return isBrokenPipe(error) ? SIGPIPE_EXIT : report(error);
  }
}

/** The first word that should name a command, and names none. */
function unknownAmong(commands: readonly CommandNode[], [word = "", ...rest]: readonly string[]): string | undefined {
  if (commands.length === 0 || word === "" || word.startsWith("-")) return undefined;
  const command = commands.find(({ names }) => names.includes(word));
  return command ? unknownAmong(command.commands, rest) : word;
}

async function parse(args: readonly string[]): Promise<void> {
  const parser = await newParser(args);
  await withCommands(parser)
    // --no-trunc is an option of its own, as docker's.
    .parserConfiguration({ "boolean-negation": false })
    .scriptName("tinydocker")
    .usage("$0 run [OPTION…] NAME CMD [ARG…]\n$0 run [OPTION…] NAME IMAGE:TAG [CMD [ARG…]]")
    .demandCommand(1, "the command is missing, such as run, ps or image")
    .strict()
    .version(version())
    .help()
    // At once it would be too early to see that the help can't be written.
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? unavailableCommand(args) ?? notUnderstood(message, args);
    })
    .parseAsync();
}

/** All of them, in the order of the help. */
export function withCommands(parser: Argv): Argv {
  const { ls, rm, tag, history } = IMAGE_VERBS;
  return parser
    .command(runHelp)
    .command(execHelp)
    .command(createHelp)
    .command(helpOfEach(IMAGE_TRANSFERS))
    .command(helpOfEach(VERBS))
    .command(topHelp)
    .command(groupHelp("image", "Fetch, import, list and remove images", { ...IMAGE_TRANSFERS, ...IMAGE_VERBS }))
    .command(helpOfEach({ images: ls, rmi: rm, tag, history }))
    .command(
      groupHelp("network", "Create, list, inspect and remove networks, and put containers on them", NETWORK_VERBS),
    )
    .command(groupHelp("volume", "Create, list, inspect and remove volumes", VOLUME_VERBS))
    .command(groupHelp("system", "Remove what nothing uses, and print what there is and happens", SYSTEM_VERBS))
    .command(completionHelp);
}

/** yargs asks for the working directory, which may have been removed. */
async function newParser(args: readonly string[]) {
  const { cwd } = process;
  const directory = existing(cwd);
  process.cwd = () => directory;
  try {
    // Not imported at the top, where a bundle in one file would execute it for `run` as well.
    const { default: yargs } = await import("yargs");
    return yargs(args, directory);
  } finally {
    process.cwd = cwd;
  }
}

function existing(cwd: () => string): string {
  try {
    return cwd();
  } catch {
    return "/";
  }
}

const runHelp = helpOf(
  "run <NAME> <CMD> [ARG…]",
  "Run a command in a new container; options after NAME are the command's. If CMD has a ':' and does not begin with '/' or '.', it is the image, and the command comes next; so it may be in place of NAME, and the container gets a name of its own",
  RUN_OPTIONS,
);
const createHelp = helpOf(
  "create <NAME> <CMD> [ARG…]",
  "Make a container that start runs, with the options of run -d",
  RUN_OPTIONS,
);
const execHelp = helpOf(
  "exec <NAME> <CMD> [ARG…]",
  "Run another command in a container that runs; NAME may be the beginning of its id",
  EXEC_OPTIONS,
);

const topHelp = helpOf("top <NAME> [PS-OPTION…]", "List the processes of a container, by this machine's ps", {});

const completionHelp = helpOf(
  "completion <SHELL>",
  "Print the script by which bash, zsh or fish completes commands, options and names",
  {},
);
