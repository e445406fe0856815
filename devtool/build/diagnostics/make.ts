import type { ReadLine } from "./tool-line.ts";

/** Which directory make enters or leaves, as --print-directory and ninja -C say; undefined for any other line. */
export function readDirectory(line: string): { readonly enters: boolean; readonly directory: string } | undefined {
  const [, verb, directory] = /^(?:g?make(?:\[\d+\])?|ninja): (Entering|Leaving) directory ['`](.*)'$/.exec(line) ?? [];
  return verb === undefined || directory === undefined ? undefined : { enters: verb === "Entering", directory };
}

const FAILED_RULE = /^(g?make(?:\[\d+\])?: \*\*\* \[)([^:\]]+):(\d+): ([^\]]+)(\] .*)$/;
const STOPPED = /^g?make(?:\[\d+\])?: \*\*\* (.*?)(?: {2}Stop\.)?$/;
const IN_MAKEFILE = /^([^\s:][^:]*):(\d+): \*\*\* (.*?)(?: {2}Stop\.)?$/;

/** What make itself reports. A rule that failed is an error only if its command reported none. */
export function createMakeReader(hasErrors: () => boolean): ReadLine {
  return (line, local) => {
    const [, start, makefile, row, goal, end] = FAILED_RULE.exec(line) ?? [];
    if (makefile !== undefined) {
      const file = local(makefile);
      const text = `${start}${file}:${row}: ${goal}${end}`;
      if (hasErrors()) return { text };
      return {
        text,
        diagnostic: { file, line: Number(row), column: 1, severity: "error", text: `${goal}: ${end?.slice(2)}` },
      };
    }
    const [, badMakefile, badRow, fault = ""] = IN_MAKEFILE.exec(line) ?? [];
    if (badMakefile !== undefined) {
      const file = local(badMakefile);
      const diagnostic = { file, line: Number(badRow), column: 1, severity: "error", text: fault } as const;
      return { text: line.replace(badMakefile, () => file), diagnostic };
    }
    const [, stopped] = STOPPED.exec(line) ?? [];
    if (stopped === undefined || /^(?:Waiting for unfinished jobs|Deleting |\[)/.test(stopped)) return undefined;
    return { text: line, diagnostic: { file: "", line: 0, column: 0, severity: "error", text: stopped } };
  };
}
