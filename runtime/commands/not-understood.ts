import { Failure } from "../failure.ts";

const GROUPS: readonly string[] = ["image", "network", "system", "volume"];
const UNKNOWN = /^Unknown arguments?: ([^,]+)/;

/** What yargs says of words that name no command, with the help that lists what can be used. */
export function notUnderstood(message: string, args: readonly string[]): Failure {
  const unknown = UNKNOWN.exec(message)?.[1];
  const command = commandIn(args);
  if (unknown !== undefined && unknown === command.at(-1))
    return refused(`tinydocker has no command ${command.join(" ")}`, command.slice(0, -1));
  return refused(unknown === undefined ? message : unknownWord(unknown, args), command);
}

/** `network create` */
function commandIn([first = "", second = ""]: readonly string[]): readonly string[] {
  const words = GROUPS.includes(first) ? [first, second] : [first];
  return words.filter((word) => word !== "" && !word.startsWith("-"));
}

function unknownWord(word: string, args: readonly string[]): string {
  const isLong = args.some((arg) => arg === `--${word}` || arg.startsWith(`--${word}=`));
  if (isLong) return `unknown option '--${word}'`;
  const isShort = word.length === 1 && args.some((arg) => /^-[^-]/.test(arg) && arg.includes(word));
  return isShort ? `unknown option '-${word}'` : `unknown argument ${word}`;
}

function refused(what: string, command: readonly string[]): Failure {
  const remedy =
    command.length === 0
      ? "tinydocker --help lists the commands"
      : `see ${["tinydocker", ...command, "--help"].join(" ")}`;
  return new Failure(what, { code: "usage", remedy });
}
