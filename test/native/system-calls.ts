import { execFileSync } from "node:child_process";
import { basename } from "node:path";

/**
 * The system calls that a C file makes by number, listed by the file that contains them: itself and our headers that it
 * includes. Read from the preprocessed text, so a macro hides nothing. A call whose number is not a constant is listed as
 * its first argument, one through a pointer as `syscall`, and each use of assembly as `asm`.
 */
export function systemCalls(path: string): Map<string, string[]> {
  const byFile = new Map<string, string>();
  let file: string | undefined;
  for (const line of preprocessed(path, ["-Inative"]).split("\n")) {
    const marker = /^# \d+ "([^"]+)"/.exec(line)?.[1];
    if (marker !== undefined) file = /^(\/usr\/|<)/.test(marker) ? undefined : basename(marker);
    else if (file !== undefined) byFile.set(file, `${byFile.get(file) ?? ""}${line}\n`);
  }
  const calls = [...byFile].map(([name, text]) => [name, callsIn(text)] as const);
  return new Map(calls.filter(([, found]) => found.length > 0));
}

function callsIn(source: string): string[] {
  const text = source.replace(/"[^"]*"/g, '""');
  const numbered = [...text.matchAll(/\b(syscall|td_raw_call)\b(?:\s*\(\s*([^,)]*))?/g)];
  const names = new Set(numbered.map(([, called = "", number]) => nameOf(number?.trim() ?? called)));
  // A register variable names its register by the same keyword.
  const assembly = text.replace(/register [^;=]*__asm__/g, "").match(/\b(__)?asm(__)?\b/g) ?? [];
  return [...assembly.map(() => "asm"), ...[...names].sort()];
}

let numbers: ReadonlyMap<string, string> | undefined;

function nameOf(number: string): string {
  numbers ??= new Map(
    [...preprocessed("native/sys.h", ["-dM"]).matchAll(/^#define __NR_(\w+) (\d+)$/gm)].map(
      ([, name = "", value = ""]) => [value, name],
    ),
  );
  return numbers.get(number) ?? number;
}

function preprocessed(path: string, flags: readonly string[]): string {
  return execFileSync("gcc", ["-E", "-D_GNU_SOURCE", ...flags, path], { encoding: "utf8", maxBuffer: 64 << 20 });
}
