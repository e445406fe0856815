import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** The paths of files that one of two folders has, and the other has not, or with another content or other rights to execute it. */
export function differing(folder: string, other: string): string[] {
  const [here, there] = [filesIn(folder), filesIn(other)];
  return [...new Set([...here.keys(), ...there.keys()])].filter((path) => here.get(path) !== there.get(path));
}

function filesIn(folder: string): Map<string, string> {
  if (!statSync(folder, { throwIfNoEntry: false })) return new Map();
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return new Map(paths.map((path) => [path.slice(folder.length), factsOf(path)]));
}

/** A sync may be replacing it, or deleting it. */
function factsOf(path: string): string {
  try {
    return `${statSync(path).mode & 0o100} ${readFileSync(path, "latin1")}`;
  } catch {
    return "gone";
  }
}
