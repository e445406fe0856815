import { defineConfig } from "tinydocker/config";

export default defineConfig({
  bundle: {
    entryPoints: { tinydocker: "runtime/cli.ts" },
    // More than half of the bundle, which a save seldom changes and `run` never loads.
    addons: ["yargs", "fzstd"],
    // Source maps take a fifth of a build, and nothing reads them without node --enable-source-maps.
    sourcemap: false,
  },
  native: { folder: "native" },
  run: ["node", "--", ".devtool/tinydocker.js", "run"],
});
