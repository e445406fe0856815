/** Returns the program that dash, bash or make reports as missing or not executable; empty for any other line. */
export function missingProgram(line: string): string {
  const shell =
    /^(?:sh|\/bin\/sh): (?:line )?\d+: (?:exec: )?([\w.+-]+): (?:(?:command )?not found|Permission denied)$/.exec(line);
  const make = /^make(?:\[\d+\])?: ([\w.+-]+): (?:No such file or directory|Permission denied)$/.exec(line);
  return shell?.[1] ?? make?.[1] ?? "";
}
