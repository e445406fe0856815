/** As github.com/docker/go-units writes sizes: so many digits at most. */
export function decimalSize(bytes: number, digits: number): string {
  return sized(bytes, 1000, ["B", "kB", "MB", "GB", "TB", "PB"], digits);
}

export function binarySize(bytes: number, digits: number): string {
  return sized(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"], digits);
}

function sized(bytes: number, base: number, units: readonly string[], digits: number): string {
  let [value, unit] = [bytes, 0];
  for (; value >= base && unit < units.length - 1; unit += 1) value /= base;
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}
