const LINES_MAX = 3;
const LINE_LENGTH_MAX = 160;

/** The end of what a host has said, on one line, for a message. */
export function lastSaid(text: string): string {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  return lines.slice(-LINES_MAX).map(shortened).join(" ");
}

function shortened(line: string): string {
  const text = line.trim();
  return text.length > LINE_LENGTH_MAX ? `${text.slice(0, LINE_LENGTH_MAX)}…` : text;
}
