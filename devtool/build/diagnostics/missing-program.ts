/** How a shell, make, env, cmake, cargo and go say that a program is missing or can't be executed. */
const PATTERNS: readonly RegExp[] = [
  /^(?:(?:\/usr)?\/bin\/)?(?:[abdkz]{0,2}sh|[\w./-]+\.sh): (?:(?:line )?\d+: )?(?:exec: )?([\w.+-]+): (?:(?:command )?not found|Permission denied)$/,
  /^make(?:\[\d+\])?: ([\w.+-]+): (?:No such file or directory|Permission denied)$/,
  /^(?:\/usr\/bin\/)?env: [‘']?([\w.+-]+)[’']?: No such file or directory$/,
  /^error: linker `([\w.+-]+)` not found$/,
  /^cgo: C compiler "([\w.+-]+)" not found: /,
];

/** What cmake looks for under several names. */
const CMAKE: readonly (readonly [RegExp, string])[] = [
  [/^ {2}No CMAKE_C_COMPILER could be found\.$/, "cc"],
  [/^ {2}No CMAKE_CXX_COMPILER could be found\.$/, "c++"],
  [/^CMake Error: CMake was unable to find a build program corresponding to "Unix Makefiles"/, "make"],
];

/** Returns the program that a line of a build reports as missing or not executable; empty for any other line. */
export function missingProgram(line: string): string {
  const named = PATTERNS.map((pattern) => pattern.exec(line)?.[1]).find((name) => name !== undefined);
  return named ?? CMAKE.find(([pattern]) => pattern.test(line))?.[1] ?? "";
}
