// biome-ignore lint/suspicious/noControlCharactersInRegex: these escape sequences set the colors of a terminal
const COLORS = /(?:\x1b\[[\d;]*m)+$/;
const TAIL_BYTES = 64;

/** Whether a terminal is at the start of a line after these bytes. Colors leave it where it was. */
export function isAtStartAfter(bytes: Uint8Array, wasAtStart: boolean): boolean {
  const shown = Buffer.from(bytes.subarray(-TAIL_BYTES)).toString("latin1").replace(COLORS, "");
  return shown === "" ? wasAtStart : shown.endsWith("\n");
}

/** Where programs have left the line that a message of devtool's would be added to. */
export class LineStart {
  #isAtStart = true;

  /** A program has written that, where messages go too. */
  passed(bytes: Uint8Array): void {
    this.#isAtStart = isAtStartAfter(bytes, this.#isAtStart);
  }

  /** What a message begins with, so that it has a line of its own. */
  lineBreak(): "" | "\n" {
    const needed = this.#isAtStart ? "" : "\n";
    this.#isAtStart = true;
    return needed;
  }
}
