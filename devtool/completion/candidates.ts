import { COMMANDS, type CommandName, NAMES, ONLY_OF, OPTIONS } from "../command-line/tables.ts";
import { ON_BUSY } from "../dev/controls.ts";
import { FORMATS } from "../report/format.ts";

export interface Candidate {
  readonly text: string;
  readonly about: string;
}

/** The names of targets, by the configuration that was given, if one was. */
export type TargetNames = (config: string | undefined) => Promise<readonly string[]>;

/** A command line up to the word that is being written. */
interface Line {
  readonly command: CommandName | undefined;
  /** Whether the command's own words have begun: no option of devtool's follows. */
  readonly hasWords: boolean;
  /** The option whose value is being written. */
  readonly option: OptionName | undefined;
  readonly config: string | undefined;
}

type OptionName = keyof typeof OPTIONS;

/** What `current` may become after the words before it, devtool's name not among them. None where that may be a file, or anything. */
export async function candidatesFor(
  before: readonly string[],
  current: string,
  targetNames: TargetNames,
): Promise<Candidate[]> {
  const line = lineOf(before);
  const [, written = "", value] = /^--([^=]+)=(.*)$/s.exec(current) ?? [];
  if (isOption(written) && value !== undefined && !line.hasWords) {
    const found = await valuesOf(written, value, line, targetNames);
    return found.map((text) => ({ text: `--${written}=${text}`, about: "" }));
  }
  if (line.option !== undefined) {
    return (await valuesOf(line.option, current, line, targetNames)).map((text) => ({ text, about: "" }));
  }
  const all = current.startsWith("-") && !line.hasWords ? optionsOf(line.command) : wordsOf(line);
  return all.filter(({ text }) => text.startsWith(current));
}

function lineOf(before: readonly string[]): Line {
  let line: Line = { command: undefined, hasWords: false, option: undefined, config: undefined };
  for (const word of before) {
    if (line.hasWords) break;
    if (word === "help" && line.command === undefined && line.option === undefined) continue;
    if (line.option !== undefined) {
      line = { ...line, option: undefined, config: line.option === "config" ? word : line.config };
    } else if (word.startsWith("-")) {
      const [, name = "", value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
      if (name === "config" && value !== undefined) line = { ...line, config: value };
      if (isOption(name) && value === undefined && takesValue(name)) line = { ...line, option: name };
    } else if (line.command === undefined) {
      const command = NAMES.find((known) => known === word);
      if (command === undefined) return { ...line, hasWords: true };
      line = { ...line, command, hasWords: isPassedOn(command) };
    } else line = { ...line, hasWords: true };
  }
  return line;
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

function takesValue(name: OptionName): boolean {
  return "requiresArg" in OPTIONS[name];
}

/** Whether all that follows is another program's. */
function isPassedOn(command: CommandName): boolean {
  const { words } = COMMANDS[command];
  return words === "all" || words === "passed on";
}

function optionsOf(command: CommandName | undefined): Candidate[] {
  return Object.entries(OPTIONS)
    .filter(([name]) => command === undefined || (ONLY_OF[name]?.includes(command) ?? true))
    .map(([name, { describe }]) => ({ text: `--${name}`, about: describe }));
}

function wordsOf({ command, hasWords }: Line): Candidate[] {
  if (hasWords) return [];
  if (command === undefined) return NAMES.map((name) => ({ text: name, about: COMMANDS[name].about }));
  // As the usage has them: `print | schema`.
  const [choices = ""] = /^\w+(?: \| \w+)+/.exec(COMMANDS[command].words) ?? [];
  return choices.split(" | ").flatMap((text) => (text === "" ? [] : [{ text, about: "" }]));
}

async function valuesOf(
  option: OptionName,
  current: string,
  { config }: Line,
  targetNames: TargetNames,
): Promise<string[]> {
  if (option === "format") return FORMATS.filter((format) => format.startsWith(current));
  if (option === "on-busy") return ON_BUSY.filter((mode) => mode.startsWith(current));
  if (option !== "target") return [];
  const done = current.slice(0, current.lastIndexOf(",") + 1);
  const names = new Set([...(await targetNames(config)), "local", "vagrant"]);
  for (const one of done.split(",")) names.delete(one);
  return [...names].map((name) => done + name).filter((text) => text.startsWith(current));
}
