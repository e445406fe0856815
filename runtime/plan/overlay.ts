/** A path as overlayfs reads it in its option string: there ',' ends an option. */
export function escapeOption(path: string): string {
  return path.replace(/[\\,]/g, "\\$&");
}

/** The kernel takes a page of options, with the NUL at its end. */
const OPTIONS_BYTES_MAX = 4_095;

export function fitsOptions(data: string): boolean {
  // UTF-8 has at most three bytes for a code unit.
  const isAscii = !/[^\x20-\x7e]/.test(data);
  return data.length * (isAscii ? 1 : 3) <= OPTIONS_BYTES_MAX;
}

/** From one absolute path to another. */
export function relativePath(from: string, to: string): string {
  const [here, there] = [from.split("/"), to.split("/")];
  const shared = here.findIndex((name, i) => name !== there[i]);
  const common = shared < 0 ? here.length : shared;
  return [...here.slice(common).map(() => ".."), ...there.slice(common)].join("/") || ".";
}

/** The value of lowerdir=, where ':' separates the layers, the topmost first. */
export function lowerDirectories(layers: readonly string[]): string {
  return layers.map((layer) => layer.replace(/[\\,:]/g, "\\$&")).join(":");
}
