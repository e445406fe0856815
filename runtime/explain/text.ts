/** A C string. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

export function orNull(text: string): string {
  return text === "" ? "NULL" : quoted(text);
}

export function octal(mode: number | bigint): string {
  return mode === 0 ? "0" : `0${mode.toString(8)}`;
}
