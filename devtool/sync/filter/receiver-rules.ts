import type { Filter } from "../../ignore/filter.ts";
import type { Pattern } from "../../ignore/pattern.ts";
import { parentOf } from "../../paths/bytes.ts";
import { capture } from "../../targets/capture.ts";
import type { Connection } from "../../targets/target.ts";
import { goneRules, literalRules, rulesOf, withdrawalRules } from "./rules.ts";

/** The receiver tries every rule on every name; more than these take longer than to list the mirror. */
const RULES_MAX = 500;

interface Mirror {
  readonly mirror: string;
  readonly filter: Filter;
  readonly withdrawn?: readonly string[] | undefined;
  readonly gone?: readonly string[] | undefined;
  readonly changed?: readonly string[] | undefined;
}

/**
 * The rules for one sync. Where hundreds of ignore files make too many, the receiver gets those that concern what changed,
 * or, if that is everything, the names that are excluded in the mirror now.
 */
export async function receiverRules(
  connection: Connection,
  { mirror, filter, withdrawn = [], gone = [], changed }: Mirror,
  signal: AbortSignal,
): Promise<string[]> {
  const rules = rulesOf(changed === undefined ? filter : concerning(filter, changed));
  if (changed !== undefined || rules.length <= RULES_MAX || filter.hasPassages) {
    return [...goneRules(filter, gone), ...withdrawalRules(withdrawn), ...rules];
  }
  const excluded = await excludedThere(connection, mirror, filter, signal);
  return [...withdrawalRules(withdrawn), ...literalRules(excluded)];
}

function concerning(filter: Filter, changed: readonly string[]): Pick<Filter, "excludes" | "selects"> {
  const concerns = ({ folder }: Pattern) =>
    folder === undefined || changed.some((path) => isWithin(folder, path) || isWithin(path, folder));
  return { excludes: filter.excludes.filter(concerns), selects: filter.selects };
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

const LIST = `cd -- "$1" 2>/dev/null || exit 0
find . -type d -print0; printf '/\\0'; find . ! -type d -print0`;

/** What of the mirror is excluded, not what is below that; paths of directories end in a slash. */
async function excludedThere(
  connection: Connection,
  mirror: string,
  filter: Filter,
  signal: AbortSignal,
): Promise<string[]> {
  const { stdout } = await capture(connection, ["sh", "-c", LIST, "sh", mirror], { signal });
  const paths = stdout.toString("latin1").split("\0");
  const directories = paths.indexOf("/");
  const found: string[] = [];
  paths.forEach((path, at) => {
    const name = path.slice("./".length);
    if (name === "" || !isIncluded(filter, parentOf(name))) return;
    if (!filter.includes(name, at < directories)) found.push(at < directories ? `${name}/` : name);
  });
  return found;
}

function isIncluded(filter: Filter, folder: string): boolean {
  return folder === "" || filter.includes(folder, true);
}
