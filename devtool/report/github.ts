import type { Report } from "./events.ts";
import { printableLines } from "./printable.ts";

/**
 * Prints diagnostics and failures as GitHub Actions' workflow commands, which annotate the changed lines of a pull
 * request: https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
 */
export function githubReport({ stdout }: { readonly stdout: NodeJS.WritableStream }): Report {
  return (event) => {
    if (event.event === "failed") stdout.write(`::error::${escaped(event.message)}\n`);
    if (event.event !== "diagnostic") return;
    const { file, line, column, severity, text } = event;
    const command = severity === "note" ? "notice" : severity;
    const place = file === "" ? "" : ` file=${property(file)},line=${line},col=${column}`;
    stdout.write(`::${command}${place}::${escaped(text)}\n`);
  };
}

function escaped(text: string): string {
  return printableLines(text).replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return escaped(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
