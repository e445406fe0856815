import type { Attribute } from "../../host/attributes.ts";

/**
 * What an importer reads and the extraction writes, one file at a time. Paths are byte strings (one character a byte,
 * as latin1 decodes them), because a file name on Linux is bytes and need not be UTF-8.
 */
export interface Metadata {
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970, with a fraction. */
  readonly mtime: number;
}

/** What is here of a file is not waited for. */
export type Pieces = AsyncIterable<Piece> | readonly Piece[];

/** Part of a file's content, in order: bytes, or so many zeros, which take no space on disk. */
export type Piece = Uint8Array | { readonly hole: number };

export type Entry = {
  /** Relative to the image's root; the root itself is the empty string. */
  readonly path: string;
  readonly metadata: Metadata;
  readonly attributes: readonly Attribute[];
} & (
  | {
      readonly kind: "file";
      /** Where it is known before the content. */
      readonly size?: number;
      readonly content: Pieces;
    }
  | { readonly kind: "directory" | "socket" }
  | { readonly kind: "device"; readonly node?: DeviceNode }
  /** Another file system is mounted over it. */
  | { readonly kind: "mount point"; readonly directory: boolean }
  | { readonly kind: "fifo" }
  | { readonly kind: "symlink"; readonly target: string }
  /** `target`: a path of the same image. */
  | { readonly kind: "hardlink"; readonly target: string }
);

/** What an archive says about a device. */
export interface DeviceNode {
  readonly type: "character" | "block";
  readonly major: number;
  readonly minor: number;
}

/** In a layer: removes what the layers below it have. `path`: a file or directory, or the directory of what is removed. */
export interface Whiteout {
  readonly kind: "whiteout" | "opaque";
  readonly path: string;
}

/** The input can't become an image: broken, cut short, or with an entry that would reach outside. */
export class BadImage extends Error {}

export function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/** A text as a byte string. */
export function byteString(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** For messages: the name as a terminal may show it, quoted, control characters escaped. */
export function shown(path: string): string {
  return JSON.stringify(bytesOf(path).toString("utf8"));
}
