import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Of this program: another one after each installation or build. */
export function programVersion(): string {
  const file = fileURLToPath(import.meta.url);
  const { ino, mtimeMs } = statSync(file);
  return `${file} ${ino} ${mtimeMs}`;
}
