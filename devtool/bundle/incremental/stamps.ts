import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** Some file systems know times no better than to two seconds: what was written that recently may have been written again. */
const SETTLED_MS = 3000;

/** Another text once the file has changed; empty for one that is not there, and for one that changed just now. */
export function stampOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile() || Date.now() - found.mtimeMs < SETTLED_MS) return "";
  return [found.mtimeMs, found.ctimeMs, found.size, found.ino].join();
}

/**
 * Another text once imports of these files, relative to `root`, may lead elsewhere: a source file or a folder came or went beside
 * them, or a package.json or tsconfig.json changed. A bundler begins anew when packages were installed.
 */
export function surroundingsOf(root: string, files: Iterable<string>): string {
  const own = [...files].filter((file) => !/(^|\/)node_modules\//.test(file));
  const folders = new Set(own.map((file) => dirname(join(root, file))));
  const above = new Set<string>();
  for (const folder of folders) for (let at = dirname(folder); !above.has(at); at = dirname(at)) above.add(at);
  const names = [...folders].map((folder) => namesIn(folder));
  return [...names, ...[...above].map((folder) => settingsIn(folder, SETTINGS))].join("\n");
}

const SOURCE = /\.([cm]?[jt]s|[jt]sx|json)$/;

function namesIn(folder: string): string {
  const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  const names = entries.filter((entry) => entry.isDirectory() || SOURCE.test(entry.name)).map(({ name }) => name);
  const settings = SETTINGS.filter((name) => names.includes(name));
  return [...names, settingsIn(folder, settings)].join("/");
}

const SETTINGS = ["package.json", "tsconfig.json", "tsconfig.base.json", "jsconfig.json"];

function settingsIn(folder: string, names: readonly string[]): string {
  return names.map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs).join();
}
