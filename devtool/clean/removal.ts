/** Something that devtool made and `clean` may remove. */
export interface Removal {
  readonly kind: "mirror" | "old mirror" | "agent" | "PATH" | "folder" | "add-ons";
  /** Absolute, on the target; that of the add-ons is on this machine. */
  readonly path: string;
  /** What it takes of the disk. */
  readonly bytes: number;
}
