import { defineConfig } from "tinydocker/config";

export default defineConfig({
  bundle: {
    entryPoints: { tinydocker: "runtime/cli.ts" },
    // More than half of the bundle, which a save seldom changes and `run` never loads.
    addons: ["yargs", "fzstd"],
    // Source maps take a fifth of a build, and nothing reads them without node --enable-source-maps.
    sourcemap: false,
    // esbuild takes 200 ms for all of the 450 files.
    incremental: true,
    // Node.js starts it 9 ms sooner than an ES module.
    format: "cjs",
    define: { "import.meta.filename": "__filename" },
  },
  native: { folder: "native" },
  run: ["node", "--", ".devtool/tinydocker.js", "run"],
  tinydocker: ["node", "--", ".devtool/tinydocker.js"],
  // Bridges and cgroups need it; where the target does not allow it, containers are rootless.
  asRoot: true,
});
