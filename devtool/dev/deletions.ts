import { shownName } from "../paths/bytes.ts";

/** Notice of what was sent, and is excluded now. */
export function withdrawalNotice(paths: readonly string[]): string {
  return `sent before and excluded now, so deleted from the mirror: ${namesOf(paths)}`;
}

/** Notices of what a build has made there, and will make again because a sync deleted it. Nothing is known without a record. */
export function madeThere(deleted: readonly string[], sent: ReadonlySet<string>): readonly string[] {
  const made = sent.size === 0 ? [] : deleted.filter((path) => !sent.has(path));
  if (made.length === 0) return [];
  const advice = "what a build makes is kept, and not made again each time, where .gitignore or sync.exclude names it";
  return [`deleted from the mirror, as the project does not have it: ${namesOf(made.sort())}; ${advice}`];
}

const NAMES_MAX = 10;

function namesOf(paths: readonly string[]): string {
  const rest = paths.length - NAMES_MAX;
  return `${paths.slice(0, NAMES_MAX).map(shownName).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
