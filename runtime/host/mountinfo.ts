/** Space, tab, newline and backslash are octal numbers in the fields of proc_pid_mountinfo(5). */
export function unescapeMountinfo(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
}
