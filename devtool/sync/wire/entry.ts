/** One line of rsync's file list. Names are byte strings: one code unit for each byte, compared as bytes. */
export interface Entry {
  /** Relative to the mirror, as it is named on the target; "." for the mirror itself. */
  readonly name: string;
  /** Relative to the project, as it is named on this machine. */
  readonly path: string;
  /** Linux's st_mode. */
  readonly mode: number;
  readonly size: number;
  /** Modification time: seconds since 1970, negative before, and nanoseconds. */
  readonly seconds: number;
  readonly nanoseconds: number;
  /** A symlink's target. */
  readonly link: string | undefined;
  /** For a directory: all of its content is listed, so the receiver deletes what is not in the list. */
  readonly complete: boolean;
}

export const MODE = { type: 0o170000, directory: 0o040000, regular: 0o100000, symlink: 0o120000 } as const;

export function isRegular({ mode }: Pick<Entry, "mode">): boolean {
  return (mode & MODE.type) === MODE.regular;
}

export function isDirectory({ mode }: Pick<Entry, "mode">): boolean {
  return (mode & MODE.type) === MODE.directory;
}

export function isSymlink({ mode }: Pick<Entry, "mode">): boolean {
  return (mode & MODE.type) === MODE.symlink;
}

/** How an entry is sent, where no flags are negotiated as integers; rsync.h:XMIT_*. */
export const FLAG = {
  topDirectory: 1 << 0,
  sameMode: 1 << 1,
  extended: 1 << 2,
  sameUid: 1 << 3,
  sameGid: 1 << 4,
  sameName: 1 << 5,
  longName: 1 << 6,
  sameTime: 1 << 7,
  noContent: 1 << 8,
  errorAtEnd: 1 << 12,
  nanoseconds: 1 << 13,
} as const;
