// Builds the two programs and the agent into dist/; `npm ci` runs it (prepare).
import { chmod, rm } from "node:fs/promises";
import { build } from "esbuild";

await rm("dist", { recursive: true, force: true });
const shared = {
  bundle: true,
  platform: "node",
  target: "node20.19",
  format: "esm",
  outdir: "dist",
  sourcemap: "linked",
};
const require = "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";

await build({
  ...shared,
  entryPoints: { tinydocker: "runtime/cli.ts", agent: "devtool/agent/main.ts" },
  external: ["koffi"],
  banner: { js: require },
});
await build({
  ...shared,
  entryPoints: { devtool: "devtool/cli.ts", config: "devtool/config.ts" },
  splitting: true,
  packages: "external",
});
await chmod("dist/tinydocker.js", 0o755);
await chmod("dist/devtool.js", 0o755);
