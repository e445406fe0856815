import type { ReadLine } from "./tool-line.ts";

const IN_SOURCE =
  /^([^\s:][^:]*):(\d+):(?:(\d+):)? (fatal error|error|runtime error|warning|note|remark|Error|Warning): (.*)$/;
/** Of a program built with -fsanitize=undefined, such as a test that make runs. */
const RUNTIME_ERROR = "runtime error";
/** How it came to the place that an error of a template names. */
const CONTEXT = /^([^\s:][^:]*)(:\d+:(?:\d+:)? {2,}\S.*)$/;
const INCLUDED = /^(In file included from |\s+from )([^:]+)(:\d+.*)$/;
const IN_FUNCTION = /^([^\s:][^:]*\.\w+)(: (?:(?:In|At) .*|Assembler messages):)$/;
const WITHOUT_PLACE =
  /^(?:[\w.+-]*-)?(?:gcc|g\+\+|cc|c\+\+|cc1|cc1plus|clang|clang\+\+)(?:-[\d.]+)?: (fatal error|error|warning): (.*)$/;
/** It follows the linker's own message. */
const LINKER_FAILED = /^linker command failed/;

/** What gcc, clang, their sanitizer of undefined behaviour, as and those that print as they do report, such as make's warnings. */
export const readCompiler: ReadLine = (line, local) => {
  const [, path, row, column, word = "", text = ""] = IN_SOURCE.exec(line) ?? [];
  if (path !== undefined) {
    const file = local(path);
    const severity = word.toLowerCase(); // as writes Error
    const place = { file, line: Number(row), column: Number(column ?? 1) };
    return {
      text: `${file}:${row}:${column === undefined ? "" : `${column}:`} ${severity}: ${text}`,
      diagnostic: {
        ...place,
        severity: severityOf(severity),
        text: word === RUNTIME_ERROR ? `${word}: ${text}` : text,
      },
    };
  }
  const [, user, how] = CONTEXT.exec(line) ?? [];
  if (user !== undefined) return { text: `${local(user)}${how}` };
  const [, from, header, rest] = INCLUDED.exec(line) ?? [];
  if (header !== undefined) return { text: `${from}${local(header)}${rest}` };
  const [, source, where] = IN_FUNCTION.exec(line) ?? [];
  if (source !== undefined) return { text: `${local(source)}${where}` };
  const [, kind = "", said] = WITHOUT_PLACE.exec(line) ?? [];
  if (said === undefined || LINKER_FAILED.test(said)) return undefined;
  return { text: line, diagnostic: { file: "", line: 0, column: 0, severity: severityOf(kind), text: said } };
};

function severityOf(word: string): "error" | "warning" | "note" {
  if (word === "warning") return "warning";
  return word === "note" || word === "remark" ? "note" : "error";
}
