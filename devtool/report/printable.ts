// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal would obey
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of them but line break and tab
const CONTROLS_IN_LINES = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** A name for a message, on one line: the name of a file may contain anything, also what a terminal would obey. */
export function printableName(name: string): string {
  return name.replace(CONTROLS, escapeControl);
}

/** Text of one or more lines. */
export function printableLines(text: string): string {
  return text.replace(CONTROLS_IN_LINES, escapeControl);
}

/** The same as JSON, which leaves some of them as they are. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(CONTROLS, (control) => `\\u${hex(control).padStart(4, "0")}`);
}

function escapeControl(control: string): string {
  return SHORT[control] ?? `\\x${hex(control).padStart(2, "0")}`;
}

function hex(control: string): string {
  return control.charCodeAt(0).toString(16);
}
