const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** 1234567 → "1.2 MB"; units of 1,000, as docker shows sizes. */
export function bytesInWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.95 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}
