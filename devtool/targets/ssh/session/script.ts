import { Failure } from "../../../failure.ts";
import { exportLines, forLoginShell, printfEscape, quote, quoteArgv } from "../../login-shell/quote.ts";
import type { SudoUse } from "../../sudo.ts";
import type { ExecOptions, TerminalSize } from "../../target.ts";

/** Longest command line Linux passes to a shell as one argument (MAX_ARG_STRLEN). */
const COMMAND_BYTES_MAX = 128 * 1024 - 1;

export type SessionCommand = Pick<ExecOptions, "cwd" | "fixedCwd" | "env" | "tty" | "signal"> & {
  readonly argv: readonly string[];
  readonly sudo: SudoUse;
};

/**
 * The command line that starts a command through a login shell. It prints, after whatever rc files print, TOKEN on both
 * streams and then only the command's output. On stdout one of these follows the token:
 *
 *     started PGID START-TIME    chdir ERRNO    exec ERRNO
 *
 * or, before these, `environment`, when it waits for the line of the variables.
 * @throws Failure when it is too long
 */
export function startLine(token: string, command: SessionCommand, where: string): string {
  const line = forLoginShell(asUser(command.sudo, startScript(token, command)));
  const length = Buffer.byteLength(line);
  if (length <= COMMAND_BYTES_MAX) return line;
  throw new Failure(`at most ${COMMAND_BYTES_MAX} bytes in a command line for ${where}, got ${length}`, {
    code: "usage",
    remedy: "pass less: put long arguments into a file of the project",
    exitCode: 2,
  });
}

/** What sets the variables: not among a command's words, which every user there sees, and sudo logs. @throws Failure where a name is not valid */
export function environmentLine({ env = {} }: Pick<SessionCommand, "env">): string {
  return `${printfEscape(exportLines(env))}\n`;
}

/** The command line that signals a process group, as the user it runs as. */
export function killLine(sudo: SudoUse, pgid: number, signal: NodeJS.Signals): string {
  return forLoginShell(asUser(sudo, `kill -s ${signal.slice("SIG".length)} -- -${pgid}`));
}

/** The command line that sets the size of a process group's terminal. */
export function resizeLine(sudo: SudoUse, pgid: number, { rows, columns }: TerminalSize): string {
  return forLoginShell(asUser(sudo, `stty -F /proc/${pgid}/fd/0 rows ${rows} cols ${columns}`));
}

const READ = 'echo "$t environment"; IFS= read -r e';
/** A terminal would show the line, and end it after 4096 bytes. */
const READ_ON_TERMINAL = `s=$(stty -g); stty -echo -icanon; ${READ}; stty "$s"`;

/** The shell would say of a script that it is not there where the program after `#!` is not. */
function findInterpreter(file: string): string {
  const first = `{ IFS= read -r i <${quote(file)}; } 2>/dev/null; i=\${i#"#!"}`;
  return `case $([ -f ${quote(file)} ] && { head -c 2 <${quote(file)}; } 2>/dev/null) in "#!") ${first}; i=\${i#"\${i%%[! ]*}"}; [ -e "\${i%% *}" ] || { echo "$t exec ELIBACC"; exit 1; };; esac`;
}

function startScript(token: string, { argv, cwd, fixedCwd, env = {}, tty }: SessionCommand): string {
  const [file = ""] = argv;
  return [
    `t=${token} e=`,
    cwd === undefined
      ? "cd"
      : `d=${quote(cwd)}; cd -- "$d" 2>/dev/null || { if [ ! -e "$d" ]; then e=ENOENT; elif [ ! -d "$d" ]; then e=ENOTDIR; else e=EACCES; fi; echo "$t chdir $e"; exit 1; }`,
    ...(fixedCwd ? ['[ "$(pwd -P)" = "$d" ] || { echo "$t chdir ELOOP"; exit 1; }'] : []),
    ...(Object.keys(env).length > 0 ? [tty ? READ_ON_TERMINAL : READ] : []),
    `(eval "$(printf "$e")"; command -v ${quote(file)}) >/dev/null 2>&1 || { echo "$t exec ENOENT"; exit 1; }`,
    ...(file.includes("/") ? [findInterpreter(file)] : []),
    "g=$$; if [ -r /proc/$$/stat ]; then read -r _ _ _ _ g _ </proc/$$/stat; fi",
    readStat("$g"),
    ...(tty ? [] : ['echo "$t " >&2']),
    `echo "$t started $g \${22}"`,
    'eval "unset t d e g s i; $(printf "$e")"',
    `exec ${quoteArgv(argv)}`,
  ].join("\n");
}

/** The fields of proc_pid_stat(5) become $1, $2 …; the 22nd is when it started. */
export function readStat(pid: string): string {
  return `set -- $(cat /proc/${pid}/stat 2>/dev/null)`;
}

export function asUser(sudo: SudoUse, script: string): string {
  const shell = `/bin/sh -c ${quote(script)}`;
  if (sudo === "never") return `exec ${shell}`;
  const allowed = sudo === "required" ? "" : "&& sudo -n true 2>/dev/null";
  return `if [ "$(id -u)" -ne 0 ] ${allowed}; then exec sudo -n -- ${shell}; else exec ${shell}; fi`;
}
