import { parentOf, shownName, toText } from "../../paths/bytes.ts";
import { type Entry, isDirectory, isRegular } from "../wire/entry.ts";
import { brokenStream } from "../wire/wire.ts";
import { folded, unusable } from "./names.ts";

/** An entry, and its index in the list. */
export interface Listed {
  readonly index: number;
  readonly entry: Entry;
}

export interface Selected {
  readonly wanted: readonly Listed[];
  /** The named paths that can't be brought, and why: a sentence each. */
  readonly unbrought: readonly string[];
  /** What of a named folder is left out, a sentence each. */
  readonly notices: readonly string[];
  /** Of the named paths, those that are not in the mirror. */
  readonly missing: readonly string[];
}

/**
 * What of a received list may be written here: the named paths and what is below them, as far as this machine can have
 * such files. Paths are bytes, relative to the project. @throws Failure where the list has what nobody asked for
 */
export function select(
  entries: readonly Entry[],
  named: readonly string[],
  platform: NodeJS.Platform = process.platform,
): Selected {
  const [wanted, unbrought, notices]: [Listed[], string[], string[]] = [[], [], []];
  const [refused, seen] = [new Set<string>(), new Map<string, string>()];
  for (const [index, entry] of entries.entries()) {
    const { name } = entry;
    refuseUnsafe(name);
    const isPassage = name === "." || named.some((path) => isBelow(path, name));
    if (!isPassage && !named.some((path) => name === path || isBelow(name, path))) {
      throw brokenStream(`the name ${JSON.stringify(toText(name))}, which was not asked for`);
    }
    if (refused.has(parentOf(name))) refused.add(name);
    else {
      const why = isPassage ? whyNoPassage(entry) : whyNot(entry, seen, platform);
      if (why !== undefined) refused.add(name);
      if (why !== undefined && isPassage) {
        const beyond = named.filter((path) => isBelow(path, name));
        unbrought.push(...beyond.map((path) => `${shownName(path)}: ${shownName(name)} ${why}`));
      } else if (why !== undefined && named.includes(name)) unbrought.push(`${shownName(name)}: ${why}`);
      else if (why !== undefined) notices.push(`${shownName(name)}: ${why}; skipped`);
      else if (!isPassage) wanted.push({ index, entry });
    }
  }
  const names = new Set(entries.map(({ name }) => name));
  return { wanted, unbrought, notices, missing: named.filter((path) => !names.has(path)) };
}

function whyNoPassage(entry: Entry): string | undefined {
  return isDirectory(entry) ? undefined : "is a symbolic link there, which is not followed";
}

function whyNot(entry: Entry, seen: Map<string, string>, platform: NodeJS.Platform): string | undefined {
  for (const name of entry.name.split("/")) {
    const why = unusable(name, platform);
    if (why !== undefined) return why;
  }
  if (platform !== "linux") {
    const key = folded(toText(entry.name));
    const other = seen.get(key);
    if (other !== undefined && other !== entry.name) return `${shownName(other)} has the same name here`;
    seen.set(key, entry.name);
  }
  if (entry.link !== undefined)
    return leadsOut(entry.name, entry.link, platform)
      ? "it is a symbolic link that leads out of the project"
      : undefined;
  return isRegular(entry) || isDirectory(entry) ? undefined : "it is neither file, directory nor symbolic link";
}

/** A sender that is what it says sends no such names; rsync/flist.c:recv_file_entry. */
function refuseUnsafe(name: string): void {
  if (name === ".") return;
  const isUnsafe = name.includes("\0") || name.split("/").some((part) => part === "" || part === "." || part === "..");
  if (isUnsafe) throw brokenStream(`the name ${JSON.stringify(toText(name))}`);
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

/** Whether a link at `path` may lead out of the project; one that goes up after a name may, by way of another link. */
function leadsOut(path: string, link: string, platform: NodeJS.Platform): boolean {
  const parts = link.split(platform === "win32" ? /[/\\]/ : "/").filter((part) => part !== ".");
  if (link === "" || parts[0] === "" || link.includes("\0")) return true;
  if (platform === "win32" && link.includes(":")) return true;
  const ups = parts.findIndex((part) => part !== "..");
  if (ups >= 0 && parts.slice(ups).includes("..")) return true;
  return (ups < 0 ? parts.length : ups) > path.split("/").length - 1;
}
