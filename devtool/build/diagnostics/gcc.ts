import { posix } from "node:path";
import type { Diagnostic } from "../../report/diagnostic.ts";

export interface CompilerLine {
  /** The line, with its paths relative to the developer's project. */
  readonly text: string;
  readonly diagnostic?: Diagnostic;
}

/**
 * Reads what make and the compilers under it print, line by line. Compilers name files relative to the directory make
 * is in, which make prints (--print-directory); here they are named relative to the project, so that an editor finds
 * them.
 */
export function createCompilerReader(mirror: string): (line: string) => CompilerLine | undefined {
  const directories: string[] = [mirror];
  const local = (path: string) => {
    const absolute = posix.resolve(directories.at(-1) ?? mirror, path);
    return absolute.startsWith(`${mirror}/`) ? absolute.slice(mirror.length + 1) : path;
  };
  return (line) => {
    const moved = /^g?make(?:\[\d+\])?: (Entering|Leaving) directory ['`](.*)'$/.exec(line);
    if (moved) {
      if (moved[1] === "Entering") directories.push(moved[2] ?? mirror);
      else if (directories.length > 1) directories.pop();
      return undefined;
    }
    return readLine(line, local);
  };
}

function readLine(line: string, local: (path: string) => string): CompilerLine {
  const diagnostic = /^([^\s:][^:]*):(\d+):(?:(\d+):)? (fatal error|error|warning|note): (.*)$/.exec(line);
  if (diagnostic) {
    const [, path = "", row = "", column, severity = "", text = ""] = diagnostic;
    const file = local(path);
    return {
      text: `${file}:${row}:${column === undefined ? "" : `${column}:`} ${severity}: ${text}`,
      diagnostic: {
        file,
        line: Number(row),
        column: Number(column ?? 1),
        severity: severity === "warning" || severity === "note" ? severity : "error",
        text,
      },
    };
  }
  const included = /^(In file included from |\s+from )([^:]+)(:\d+.*)$/.exec(line);
  if (included) return { text: `${included[1]}${local(included[2] ?? "")}${included[3]}` };
  const inFunction = /^([^\s:]+\.\w+)(: (?:In|At) .*:|:\(\.[\w.]+\+0x[0-9a-f]+\): .*)$/.exec(line);
  if (inFunction) return { text: `${local(inFunction[1] ?? "")}${inFunction[2]}` };
  const rule = /^(g?make(?:\[\d+\])?: \*\*\* \[)([^:\]]+)(:\d+: .*)$/.exec(line);
  if (rule) return { text: `${rule[1]}${local(rule[2] ?? "")}${rule[3]}` };
  return { text: line };
}
