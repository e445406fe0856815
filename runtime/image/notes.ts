/** What an import changed or left out, each for its own reason. */
export type NoteKind =
  /** Left out: a container gets its own /dev, and a device means a part of the machine. */
  | "device"
  | "socket"
  /** Of a directory: another file system is mounted there. */
  | "mount point"
  /** Taken without the slashes that it began with. */
  | "absolute"
  /** Taken as a file: its type is unknown. */
  | "unknown type"
  /** Left out: a label, or a part of a file whose rest is in another archive. */
  | "label"
  | "other volume"
  /** A file's extended attributes were left out, all or some; or no file's were read. */
  | "attribute"
  | "unread attributes"
  /** After the end of the archive; counted in bytes. */
  | "after the end"
  /** The image says something about its containers that they don't get here. */
  | "setting"
  /** The image is for another processor. */
  | "platform";

export interface Note {
  readonly count: number;
  /** The first names, as byte strings. */
  readonly examples: readonly string[];
}

const EXAMPLES_MAX = 4;

/** Collects notes; of many of a kind it keeps the number and a few names. */
export class Notes {
  readonly #notes = new Map<NoteKind, { count: number; examples: string[] }>();

  add(kind: NoteKind, example?: string, count = 1): void {
    const note = this.#notes.get(kind) ?? { count: 0, examples: [] };
    this.#notes.set(kind, note);
    note.count += count;
    if (example !== undefined && note.examples.length < EXAMPLES_MAX) note.examples.push(example);
  }

  get(kind: NoteKind): Note | undefined {
    return this.#notes.get(kind);
  }
}
