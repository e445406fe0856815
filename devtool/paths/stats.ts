import { lstatSync, realpathSync, type Stats, statSync } from "node:fs";

/** What a path leads to; undefined where nothing is, as below a folder that has become a file, or where it can't be looked at. */
export function statsAt(path: string): Stats | undefined {
  return unlessFailed(() => statSync(path, { throwIfNoEntry: false }));
}

/** The same of a link itself. */
export function linkStatsAt(path: string | Buffer): Stats | undefined {
  return unlessFailed(() => lstatSync(path, { throwIfNoEntry: false }));
}

export function realPathOf(path: string): string | undefined {
  return unlessFailed(() => realpathSync(path));
}

function unlessFailed<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
