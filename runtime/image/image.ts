/** A stack of read-only layers a container's root is built on. */
export interface Image {
  readonly name: string;
  /** Absolute directories, the topmost first, as overlayfs's lowerdir lists them. */
  readonly layers: readonly string[];
  /** The built-in image `host`: the machine's own root. */
  readonly host: boolean;
}
