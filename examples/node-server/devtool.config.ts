import { defineConfig } from "tinydocker/config";

export default defineConfig({
  bundle: {
    entryPoints: {
      server: "src/server.ts",
    },
  },
  run: ["node", "--", ".devtool/server.js"],
});
