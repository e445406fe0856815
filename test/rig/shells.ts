import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A shell that people type at, without files of its own. */
export interface Shell {
  readonly name: string;
  readonly argv: readonly string[];
  /** Reads the script that a command prints. */
  load(command: string): string;
}

export const SHELLS: readonly Shell[] = [
  {
    name: "bash",
    argv: ["bash", "--noprofile", "--norc", "-i"],
    load: (command) => `source <(${command})`,
  },
  {
    name: "zsh",
    argv: ["zsh", "-f", "-i"],
    load: (command) => `unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; source <(${command})`,
  },
  { name: "fish", argv: ["fish", "--no-config", "-i"], load: (command) => `${command} | source` },
];

/** A program `name` in a folder, which prints its arguments; with `completion` before them it is `real`. */
export async function echoing(directory: string, name: string, real: readonly string[]): Promise<void> {
  const words = real.map((word) => `'${word}'`).join(" ");
  const script = `#!/bin/sh
[ "$1" != completion ] || exec ${words} "$@"
printf 'ran'; printf ' <%s>' "$@"; echo .
`;
  await writeFile(join(directory, name), script);
  await chmod(join(directory, name), 0o755);
}

/**
 * Types lines at a shell on a terminal of its own (util-linux's script), and returns what echoing()'s program has printed for
 * each.
 */
export async function typeAt(
  shell: Shell,
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  setUp: string,
  lines: readonly string[],
): Promise<string[]> {
  const command = shell.argv.join(" ");
  // Where fish makes a folder; hidden, so that its name is not completed.
  const temporary = join(cwd, ".temporary");
  await mkdir(temporary, { recursive: true });
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    cwd,
    env: { ...env, TMPDIR: temporary },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let [shown, unseen] = ["", ""];
  let wake = () => {};
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
    unseen += text;
    wake();
  });
  const closed = once(child, "close");
  const sees = async (pattern: RegExp) => {
    for (;;) {
      const found = pattern.exec(unseen);
      if (found) {
        unseen = unseen.slice(found.index + found[0].length);
        return found[0];
      }
      const more = new Promise<true>((resolve) => {
        wake = () => resolve(true);
      });
      if ((await Promise.race([more, closed])) !== true) throw new Error(`${shell.name} ended: ${shown}`);
    }
  };
  try {
    const answers: string[] = [];
    for (const line of [`${setUp}; echo re''ady`, ...lines]) {
      child.stdin.write(`${line}\r`);
      answers.push(await sees(/ready\r?\n|ran(?: <[^\n]*>)\.\r?\n/));
    }
    return answers.slice(1).map((answer) => answer.replace(/\.\r?\n$/, ""));
  } finally {
    child.kill();
    await closed;
  }
}
