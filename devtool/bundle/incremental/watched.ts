import { afterLoad, type Plugin } from "../esbuild.ts";

/** A plugin of the project's; `watched` gets what it loads of files: path → what else it says that it read for it, absolute. */
export function watching(plugin: Plugin, watched: Map<string, readonly string[]>): Plugin {
  return afterLoad(plugin, (path, result) => {
    const { watchFiles = [], watchDirs = [] } = result ?? {};
    watched.set(path, [...watchFiles, ...watchDirs]);
    return result;
  });
}
