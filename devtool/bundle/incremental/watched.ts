import type { Plugin } from "../esbuild.ts";

/** A plugin of the project's; `watched` gets what it loads of files: path → what else it says that it read for it, absolute. */
export function watching(plugin: Plugin, watched: Map<string, readonly string[]>): Plugin {
  return {
    name: plugin.name,
    setup: (build) =>
      plugin.setup({
        ...build,
        onLoad: (options, callback) =>
          build.onLoad(options, async (args) => {
            const result = await callback(args);
            const { watchFiles = [], watchDirs = [] } = result ?? {};
            watched.set(args.path, [...watchFiles, ...watchDirs]);
            return result;
          }),
      }),
  };
}
