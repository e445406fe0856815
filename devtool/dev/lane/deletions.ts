import { shownName } from "../../paths/bytes.ts";
import { firstOf } from "../../report/amounts.ts";

/** Notice of what was sent, and is excluded now. */
export function withdrawalNotice(paths: readonly string[]): string {
  return `sent before and excluded now, so deleted from the mirror: ${firstOf(paths.map(shownName), NAMES_MAX)}`;
}

/** Notices of what a build has made there, and will make again because a sync deleted it. Nothing is known without a record. */
export function madeThere(deleted: readonly string[], sent: ReadonlySet<string>): readonly string[] {
  const made = sent.size === 0 ? [] : deleted.filter((path) => !sent.has(path));
  if (made.length === 0) return [];
  const advice = "what a build makes is kept, and not made again each time, where .gitignore or sync.exclude names it";
  return [
    `deleted from the mirror, as the project does not have it: ${firstOf(made.sort().map(shownName), NAMES_MAX)}; ${advice}`,
  ];
}

const NAMES_MAX = 10;
