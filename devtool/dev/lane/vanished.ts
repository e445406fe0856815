import { readdirSync } from "node:fs";
import { fromSystem, nameOf, parentOf } from "../../paths/bytes.ts";
import { errnoOf } from "../../process/errno.ts";
import { type LocalProject, placeOf } from "../../sync/send/local.ts";

/**
 * Tells which paths, as in a SyncReport, are not here any more. Reads each folder once. What can't be read counts as there:
 * rsync deletes nothing then.
 */
export function vanishedIn(project: LocalProject): (path: string) => boolean {
  const folders = new Map<string, ReadonlySet<string> | "unreadable">();
  return (path) => {
    const plain = path.replace(/\/$/, "");
    const folder = parentOf(plain);
    const names = folders.get(folder) ?? namesIn(project, folder);
    folders.set(folder, names);
    return names !== "unreadable" && !names.has(nameOf(plain));
  };
}

function namesIn(project: LocalProject, folder: string): ReadonlySet<string> | "unreadable" {
  try {
    return new Set(readdirSync(placeOf(project, folder), "latin1").map(fromSystem));
  } catch (error) {
    return ["ENOENT", "ENOTDIR"].includes(errnoOf(error) ?? "") ? new Set() : "unreadable";
  }
}
