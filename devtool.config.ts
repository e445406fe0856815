import { defineConfig } from "tinydocker/config";

export default defineConfig({
  bundle: { entryPoints: { tinydocker: "runtime/cli.ts" } },
  native: { folder: "native" },
  run: ["node", ".devtool/tinydocker.js", "run"],
});
