/** The program that a line of dash's, bash's or make's says is not there; empty where it says nothing of the kind. */
export function missingProgram(line: string): string {
  const shell =
    /^(?:sh|\/bin\/sh): (?:line )?\d+: (?:exec: )?([\w.+-]+): (?:(?:command )?not found|Permission denied)$/.exec(line);
  const make = /^make(?:\[\d+\])?: ([\w.+-]+): (?:No such file or directory|Permission denied)$/.exec(line);
  return shell?.[1] ?? make?.[1] ?? "";
}
