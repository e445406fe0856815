import { createInterface } from "node:readline";
import { Failure } from "../failure.ts";
import { isTerminal } from "../host/terminal.ts";
import { writeAll } from "./output/write.ts";

/** As docker asks before prune, but a person alone: a script can't answer. Throws Failure for any answer but y. */
export async function confirmed(what: string, force: boolean | undefined): Promise<void> {
  if (force || !isTerminal(0) || !isTerminal(2)) return;
  writeAll(2, `This removes ${what}. Continue? [y/N] `);
  if (/^y(es)?$/i.test((await line()).trim())) return;
  throw new Failure("nothing was removed", { code: "usage", remedy: "y goes on, and -f asks nothing" });
}

/** Empty where the terminal is closed. */
async function line(): Promise<string> {
  const lines = createInterface({ input: process.stdin, terminal: false });
  try {
    return await new Promise((resolve) => void lines.once("line", resolve).once("close", () => resolve("")));
  } finally {
    lines.close();
  }
}
