import { Console } from "node:console";
import type { Command } from "../command-line/command.ts";
import { type Candidate, candidatesFor } from "../completion/candidates.ts";
import { SCRIPTS } from "../completion/scripts.ts";
import { loadProject } from "../config/project.ts";
import { Failure } from "../failure.ts";
import { printableName } from "../report/printable.ts";

/** devtool completion SHELL: its script, and what that asks for. */
export const command: Command = async ({ words: [shell, ...words] }) => {
  process.stdout.write(shell === "words" ? await answer(words) : scriptOf(shell));
  return 0;
};

function scriptOf(shell = ""): string {
  const script = SCRIPTS.get(shell);
  if (script !== undefined) return script;
  const got = shell === "" ? "nothing" : JSON.stringify(shell);
  throw new Failure(`devtool completion takes ${[...SCRIPTS.keys()].join(", ")}, got ${got}`, {
    code: "usage",
    exitCode: 2,
  });
}

/** `current`: the word at the cursor behind a plus; `before`: the words before it. */
async function answer([current = "+", ...before]: readonly string[]): Promise<string> {
  // What the configuration prints must not stand among the words.
  globalThis.console = new Console(process.stderr, process.stderr);
  const found = await candidatesFor(before, current.slice(1), targetNames);
  return found.filter(isOneLine).map(lineOf).join("");
}

function isOneLine({ text }: Candidate): boolean {
  return text === printableName(text);
}

function lineOf({ text, about }: Candidate): string {
  return `${text}\t${about}\n`;
}

/** Whoever presses Tab must not be told what is wrong with the configuration: the command itself will. */
async function targetNames(config: string | undefined): Promise<string[]> {
  try {
    return Object.keys((await loadProject(config, process.cwd())).targets);
  } catch (error) {
    if (error instanceof Failure) return [];
    throw error;
  }
}
