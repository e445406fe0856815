/** A path as overlayfs reads it in its option string: there ',' ends an option. */
export function escapeOption(path: string): string {
  return path.replace(/[\\,]/g, "\\$&");
}

/** The value of lowerdir=, where ':' separates the layers, the topmost first. */
export function lowerDirectories(layers: readonly string[]): string {
  return layers.map((layer) => layer.replace(/[\\,:]/g, "\\$&")).join(":");
}
