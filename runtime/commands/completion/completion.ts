import { Failure } from "../../failure.ts";
import { withCommands } from "../command-line.ts";
import { report } from "../output/report.ts";
import { isBrokenPipe, SIGPIPE_EXIT, writeAll } from "../output/write.ts";
import { candidatesFor, SHELLS } from "./candidates.ts";
import { namesOf } from "./names.ts";
import { SCRIPTS } from "./scripts.ts";
import { nodesOf } from "./tree.ts";

/** completion SHELL: its script, and what that asks for. Reports what goes wrong, and returns the exit code. */
export async function completionCommand([shell, ...words]: readonly string[]): Promise<number> {
  try {
    writeAll(1, shell === "words" ? answer(words) : scriptOf(shell));
    return 0;
  } catch (error) {
    return isBrokenPipe(error) ? SIGPIPE_EXIT : report(error);
  }
}

function scriptOf(shell = ""): string {
  const known = SHELLS.find((name) => name === shell);
  if (known !== undefined) return SCRIPTS[known];
  const got = shell === "" ? "nothing" : JSON.stringify(shell);
  throw new Failure(`tinydocker completion takes ${SHELLS.join(", ")}, got ${got}`, { code: "usage" });
}

/** `current`: the word at the cursor behind a plus; `before`: the words before it. */
function answer([current = "+", ...before]: readonly string[]): string {
  const found = candidatesFor(nodesOf(withCommands), before, current.slice(1), namesOf);
  return found.map(({ text, about }) => `${text}\t${about}\n`).join("");
}
