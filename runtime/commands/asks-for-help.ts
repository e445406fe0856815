import { withoutContainer } from "./container-words.ts";

/** What follows their first words may be another program's. */
const WITH_COMMAND: readonly string[] = ["run", "exec", "create", "top"];
/** -h is the host's name, or an option of ps. */
const WITH_OWN_H: readonly string[] = ["run", "create", "top"];

/** Whether docker would print a command's help, also behind other options. */
export function asksForHelp([command = "", ...rest]: readonly string[]): boolean {
  const end = WITH_COMMAND.includes(command) ? 1 : rest.indexOf("--");
  const words = rest.slice(0, end < 0 ? undefined : end);
  return words.some((word) => HELP.includes(word) && !(word === "-h" && WITH_OWN_H.includes(command)));
}

const HELP: readonly string[] = ["--help", "--help=true", "-h"];

/** The same words as yargs knows them: `help COMMAND` is docker's too. */
export function asYargsHasThem(args: readonly string[]): readonly string[] {
  const words = args.map((word) => (HELP.includes(word) ? "--help" : word));
  return words[0] === "help" ? withoutContainer([...words.slice(1), "--help"]) : words;
}
