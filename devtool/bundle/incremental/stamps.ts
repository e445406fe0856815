import { dirname, join, sep } from "node:path";
import { statsAt } from "../../paths/stats.ts";
import { entriesOf } from "../addons/files.ts";
import { extended } from "../tsconfig.ts";

/** Some file systems know times no better than to two seconds: what was written that recently may have been written again. */
const SETTLED_MS = 3000;

/** Another text once the file has changed; empty for one that is not there, and for one that changed just before `now`, or after it. */
export function stampOf(file: string, now = Date.now()): string {
  const found = statsAt(file);
  if (!found?.isFile() || now - found.mtimeMs < SETTLED_MS) return "";
  return [found.mtimeMs, found.ctimeMs, found.size, found.ino].join();
}

/**
 * Another text once imports of these files, relative to `root`, may lead elsewhere: a source file or a folder came or went beside
 * them or in a folder of the project above them, or a package.json or tsconfig.json changed. A bundler begins anew when packages
 * were installed. What has changed since `started` gives a text that none is equal to without it.
 */
export function surroundingsOf(root: string, files: Iterable<string>, started = Infinity): string {
  const own = [...files].filter((file) => !/(^|\/)node_modules\//.test(file));
  const listed = new Set(own.map((file) => dirname(join(root, file))));
  const above = new Set<string>();
  for (const folder of listed) for (let at = folder; !above.has(at); at = dirname(at)) above.add(at);
  for (const folder of above) if (`${folder}${sep}`.startsWith(`${root}${sep}`)) listed.add(folder);
  const settings = [...above].flatMap((folder) => SETTINGS.flatMap((name) => extended(join(folder, name))));
  const isMoving = [...listed, ...settings].some((path) => timeOf(path) >= started);
  return [...[...listed].map(namesIn), settings.map(timeOf).join(), isMoving ? "moving" : ""].join("\n");
}

const SOURCE = /\.([cm]?[jt]s|[jt]sx|json)$/;

function namesIn(folder: string): string {
  const names = entriesOf(folder).filter((entry) =>
    entry.isDirectory() ? !entry.name.startsWith(".") : SOURCE.test(entry.name),
  );
  return names.map(({ name }) => name).join("/");
}

const SETTINGS = ["package.json", "tsconfig.json", "jsconfig.json"];

function timeOf(path: string): number {
  return statsAt(path)?.mtimeMs ?? 0;
}
