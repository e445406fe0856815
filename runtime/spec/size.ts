const UNITS = ["", "k", "m", "g", "t", "p"];
const SIZE = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i;

/** As docker reads a size: a number, and b, k, m, g, t or p for powers of 1024. In bytes; undefined for anything else. */
export function bytesOf(size: string): number | undefined {
  const [, number, unit = ""] = SIZE.exec(size) ?? [];
  if (number === undefined) return undefined;
  const bytes = Math.floor(Number(number) * 1024 ** UNITS.indexOf(unit.toLowerCase()));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
