import { statSync } from "node:fs";

/** Of this program as it is installed: another one after each installation or build. */
export function programVersion(): string {
  const folder = import.meta.dirname;
  const { ino, mtimeMs } = statSync(folder);
  return `${folder} ${ino} ${mtimeMs}`;
}
