import assert from "node:assert/strict";

/** A command of a document and what it prints. */
export interface Step {
  readonly command: string;
  /** `…` stands for anything in a line; a line of it alone for any lines. */
  readonly output: readonly string[];
}

/** The commands in a page's blocks of the language `console`: after `$ `, and after `> ` their further lines. */
export function stepsOf(page: string): Step[] {
  const blocks = [...page.matchAll(/^```console\n(.*?)^```$/gms)];
  return blocks.flatMap(([, block = ""]) => block.split(/^\$ /m).filter(Boolean).map(stepOf));
}

function stepOf(text: string): Step {
  const [first = "", ...lines] = text.replace(/\n$/, "").split("\n");
  const more = lines.findIndex((line) => !line.startsWith("> "));
  const continued = more < 0 ? lines : lines.slice(0, more);
  return {
    command: [first, ...continued.map((line) => line.slice(2))].join("\n"),
    output: more < 0 ? [] : lines.slice(more),
  };
}

const MARK = "\u001e";

/** A script that runs the commands one after another in one shell, and prints a mark after each one's output. */
export function scriptOf(steps: readonly Step[]): string {
  return ["exec 2>&1", ...steps.map(({ command }) => `${command}\nprintf '${MARK}'`)].join("\n");
}

/** Fails for the first command whose output is another than the document's. */
export function compare(steps: readonly Step[], printed: string): void {
  const outputs = printed.split(MARK);
  for (const [index, { command, output }] of steps.entries()) {
    const actual = (outputs[index] ?? "").replace(/[ \t]+$/gm, "");
    assert.match(actual, patternOf(output), `$ ${command}\nprinted:\n${actual}`);
  }
  assert.equal(outputs.length, steps.length + 1, "every command was run");
}

function patternOf(output: readonly string[]): RegExp {
  const lines = output.map((line) => (line === "…" ? "(?:[\\s\\S]*\\n)?" : `${lineOf(line)}\\n`));
  return new RegExp(`^${lines.join("")}$`);
}

function lineOf(line: string): string {
  const parts = line.split("…").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return parts.join(".*").trimEnd();
}
