import { accessSync, constants, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Identity, IdMapping, IdRange, Ids } from "../../spec/namespaces.ts";

/** The kernel takes at most 340 lines of a map. */
const RANGES_MAX = 100;
const NONE: Identity["subordinate"] = { uids: [], gids: [] };

/** What newuidmap(1) and newgidmap(1) map for a user, as far as those ids exist in this user namespace. */
export function subordinateIds(uid: number, { uids, gids }: Ids): Identity["subordinate"] {
  const name = userName();
  if (name === undefined || !isInstalled("newuidmap") || !isInstalled("newgidmap") || lacksSetuid()) return NONE;
  const of = (file: string, ids: readonly IdMapping[]) =>
    rangesOf(textOf(file), [name, String(uid)])
      .filter((range) => exists(range, ids))
      .slice(0, RANGES_MAX);
  const found = { uids: of("/etc/subuid", uids), gids: of("/etc/subgid", gids) };
  return found.uids.length > 0 && found.gids.length > 0 ? found : NONE;
}

/** Of subuid(5) or subgid(5), the lines of a user by any of its names. */
export function rangesOf(text: string, names: readonly string[]): IdRange[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", start = "", size = ""] = line.split(":");
    const isRange = /^\d+$/.test(start) && /^\d+$/.test(size) && Number(size) > 0;
    return isRange && names.includes(name) ? [{ start: Number(start), size: Number(size) }] : [];
  });
}

function exists({ start, size }: IdRange, ids: readonly IdMapping[]): boolean {
  return ids.some((mapping) => start >= mapping.containerID && start + size <= mapping.containerID + mapping.size);
}

/** Without a line in /etc/passwd there is none, and newuidmap refuses. */
function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

function isInstalled(program: string): boolean {
  return (process.env["PATH"] ?? "").split(":").some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** With no_new_privs, they would run as this user. */
function lacksSetuid(): boolean {
  return /^NoNewPrivs:\t1$/m.test(textOf("/proc/self/status"));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
