import type { BigIntStats } from "node:fs";
import { parentOf, shownName } from "../../paths/bytes.ts";
import { type Entry, isDirectory, isRegular } from "../wire/entry.ts";
import { compare } from "./here.ts";
import type { Listed } from "./selection.ts";

/** A file to bring, and what it replaces. */
export interface Planned extends Listed {
  readonly here: BigIntStats | undefined;
}

/** What a pull does, in this order. */
export interface Plan {
  readonly folders: Entry[];
  readonly links: Entry[];
  /** Files with the same content and other permissions. */
  readonly modes: Entry[];
  readonly files: Planned[];
  /** What is left because it is newer here: as bytes. */
  readonly newer: string[];
  /** What can't be brought, and why: a sentence each, of a folder one for all that is in it. */
  readonly unbrought: string[];
}

/** `mayReplace`: also what is newer here. */
export function planOf(root: string, wanted: readonly Listed[], mayReplace: boolean): Plan {
  const plan: Plan = { folders: [], links: [], modes: [], files: [], newer: [], unbrought: [] };
  const blocked = new Set<string>();
  for (const { index, entry } of wanted) {
    const verdict = compare(root, entry);
    if (verdict.kind === "in the way") {
      if (!blocked.has(parentOf(entry.name))) plan.unbrought.push(`${shownName(entry.name)}: ${verdict.why}`);
      blocked.add(entry.name);
    } else if (verdict.kind === "newer" && !mayReplace) plan.newer.push(entry.name);
    else if (verdict.kind !== "same") add(plan, { index, entry, here: verdict.here });
    else if (verdict.hasOtherMode) plan.modes.push(entry);
  }
  return plan;
}

function add({ folders, links, files }: Plan, planned: Planned): void {
  const { entry } = planned;
  if (isRegular(entry)) files.push(planned);
  else (isDirectory(entry) ? folders : links).push(entry);
}
