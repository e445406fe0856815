import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Failure } from "../failure.ts";

const NAMES = ["devtool.config.ts", "devtool.config.js", "devtool.config.mjs", "devtool.config.json"];

/** Finds the configuration file in `from` or the nearest folder above it. @throws Failure where a folder has several */
export function findConfigFile(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const found = configFileIn(folder);
    if (found !== undefined) return found;
    if (folder === dirname(folder)) return undefined;
  }
}

/** @throws Failure where it has several */
export function configFileIn(folder: string): string | undefined {
  const found = configFilesOf(folder).filter((file) => existsSync(file));
  if (found.length <= 1) return found[0];
  const names = found.map((file) => basename(file)).join(" and ");
  throw new Failure(`${folder} has more than one configuration: ${names}`, {
    code: "config-invalid",
    remedy: "remove all but one, or choose one: --config FILE",
    exitCode: 2,
  });
}

/** Those that a folder may have one of. */
export function configFilesOf(folder: string): string[] {
  return NAMES.map((name) => join(folder, name));
}
