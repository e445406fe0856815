import { Failure } from "../../failure.ts";

/** An argument as one word of the POSIX shell. @throws TypeError on a NUL, which no argument can contain */
export function quote(argument: string): string {
  if (argument.includes("\0")) throw new TypeError("an argument can't contain a NUL character");
  if (/^[A-Za-z0-9_/:.,@%+-]+$/.test(argument)) return argument;
  return `'${argument.replaceAll("'", "'\\''")}'`;
}

export function quoteArgv(argv: readonly string[]): string {
  return argv.map(quote).join(" ");
}

/** A POSIX shell script that sets these variables. @throws Failure where a name is not valid */
export function exportLines(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables).map(exportLine).join("\n");
}

function exportLine([name, value]: [string, string]): string {
  if (/^[A-Za-z_]\w*$/.test(name)) return `export ${name}=${quote(value)}`;
  throw new Failure(`${JSON.stringify(name)} is not a valid name for an environment variable`, { code: "internal" });
}

/**
 * A POSIX shell script as one command line for any login shell: sh, csh and fish differ in single quotes, `!`,
 * backslashes and newlines, so these are written as octal escapes, which only printf interprets.
 */
export function forLoginShell(script: string): string {
  return `exec /bin/sh -c 'eval "$(printf "${printfEscape(script)}")"'`;
}

/** Without quotes, newlines and spaces at its ends that a shell would take; printf makes the text of it again. */
export function printfEscape(text: string): string {
  let escaped = "";
  for (const byte of Buffer.from(text, "utf8")) {
    const character = String.fromCharCode(byte);
    escaped += /[A-Za-z0-9 _/:.,=@+-]/.test(character) ? character : `\\${byte.toString(8).padStart(3, "0")}`;
  }
  return escaped;
}
