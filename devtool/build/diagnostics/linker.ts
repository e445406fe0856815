import { posix } from "node:path";
import type { Diagnostic } from "../../report/diagnostic.ts";
import { NO_LINE, type ReadLine, type ToolLine } from "./tool-line.ts";

const LINKER = /^(?:\S*\/)?(?:[\w.-]+-)?(ld(?:\.(?:lld|gold|bfd|mold))?|lld|mold): /;
/** The place is a line where the object file has debugging information, else an offset in one of its sections. */
const AT_PLACE = /^(?:([^\s:][^:]*\.\w+):)?([^\s:][^:]*):(?:(\d+)|\((\.[\w.]+\+0x[0-9a-f]+)\)): (.*)$/;
/** In an object file that names no source, such as the C library's, which calls main. */
const AT_OFFSET = /^\(\.[\w.]+\+0x[0-9a-f]+\): (.*)$/;
/** gold's, without debugging information. */
const AT_FUNCTION = /^(?:[^\s:][^:]*\.\w+:)?([^\s:][^:]*):function \S+: error: (.*)$/;
const FAULT = /^(undefined reference to|multiple definition of|relocation truncated|first defined here)/;
const IN_FUNCTION = /^([^\s:][^:]*)(: in function .*:)$/;
/** lld's and mold's lines after "undefined symbol". */
const REFERENCED = /^(>>> (?:referenced|defined) (?:by|at) )([^\s:][^:]*):(\d+)( .*)?$/;

/** What GNU ld, gold, lld and mold report. Of a source without debugging information ld has the bare name, after its object file's path. */
export function createLinkerReader(hasFile: (path: string) => boolean): ReadLine {
  let object = "";
  return (line, local) => {
    const [, place] = IN_FUNCTION.exec(line.slice(LINKER.exec(line)?.[0].length)) ?? [];
    if (place !== undefined) object = local(place);
    return readLine(
      line,
      (path) => (path.includes("/") ? undefined : sourcesOf(object, path).find(hasFile)) ?? local(path),
    );
  };
}

/**
 * Where the source of an object file may be: cmake and Makefiles mostly have the folders of the sources in that of the build,
 * and cmake has `_` for a blank.
 */
function sourcesOf(object: string, name: string): string[] {
  const [base, stem] = [posix.basename(object), name.replace(/\.\w+$/, ".")];
  if (!base.startsWith(stem) && !base.startsWith(stem.replaceAll(" ", "_"))) return [];
  const folder = posix.dirname(object.replace(/CMakeFiles\/[^/]+\.dir\//, ""));
  return [folder, folder.replaceAll("_", " ")].flatMap((path) => {
    const folders = path.split("/");
    return [...folders, ""].map((_, index) => posix.join(...folders.slice(index), name));
  });
}

const readLine: ReadLine = (line, local) => {
  const [start = ""] = LINKER.exec(line) ?? [];
  const said = line.slice(start.length);
  const [, object, path, row, offset, fault = ""] = AT_PLACE.exec(said) ?? [];
  if (path !== undefined && FAULT.test(fault)) {
    const file = local(path);
    const shown = `${start}${object === undefined ? "" : `${object}:`}${file}:${row ?? `(${offset})`}: ${fault}`;
    return {
      text: shown,
      diagnostic: { file, line: Number(row ?? NO_LINE), column: 1, severity: "error", text: fault },
    };
  }
  const [, source = "", gold = ""] = AT_FUNCTION.exec(said) ?? [];
  if (FAULT.test(gold)) return fileFault(said, local(source), gold);
  const [, ofObject = ""] = AT_OFFSET.exec(said) ?? [];
  if (FAULT.test(ofObject)) return fileFault(line, "", ofObject);
  const [, place, rest] = IN_FUNCTION.exec(said) ?? [];
  if (place !== undefined) return { text: `${start}${local(place)}${rest}` };
  const [, words, from, number, object2 = ""] = REFERENCED.exec(line) ?? [];
  if (from !== undefined) return referenced(`${words}`, local(from), Number(number), object2);
  return start === "" ? undefined : ofLinker(line, said);
};

function fileFault(text: string, file: string, fault: string): ToolLine {
  return { text, diagnostic: { file, line: NO_LINE, column: 0, severity: "error", text: fault } };
}

function referenced(words: string, file: string, line: number, rest: string): ToolLine {
  const text = words
    .replace(">>> ", "")
    .trim()
    .replace(/ (by|at)$/, " here");
  return { text: `${words}${file}:${line}${rest}`, diagnostic: { file, line, column: 1, severity: "note", text } };
}

function ofLinker(line: string, said: string): ToolLine {
  const [, word, rest = said] = /^(error|fatal|warning): (.*)$/.exec(said) ?? [];
  const isError = word === undefined ? /^(cannot|can't|unrecognized|unable|skipping incompatible)/.test(rest) : true;
  if (!isError || rest.startsWith("skipping incompatible")) return { text: line };
  const severity: Diagnostic["severity"] = word === "warning" ? "warning" : "error";
  return { text: line, diagnostic: { file: "", line: 0, column: 0, severity, text: rest } };
}
