import { defineConfig } from "tinydocker/config";

export default defineConfig({
  // Source maps take a fifth of a build, and nothing reads them without node --enable-source-maps.
  bundle: { entryPoints: { tinydocker: "runtime/cli.ts" }, sourcemap: false },
  native: { folder: "native" },
  run: ["node", ".devtool/tinydocker.js", "run"],
});
