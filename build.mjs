// Builds the two programs and the agent into dist/; `npm ci` runs it (prepare).
import { chmod, mkdtemp, rename, rm } from "node:fs/promises";
import { build } from "esbuild";

// Beside dist/ and then in its place, so that a program running from it never finds half of it.
const outdir = await mkdtemp("dist.new-");
const shared = {
  bundle: true,
  platform: "node",
  target: "node20.19",
  format: "esm",
  outdir,
  sourcemap: "linked",
};
// Not named createRequire: yargs imports that name itself.
const banner = { js: "import { createRequire as from } from 'node:module'; const require = from(import.meta.url);" };

try {
  // One file: devtool sends it to targets under the hash of its content.
  await build({ ...shared, entryPoints: { agent: "devtool/agent/main.ts" } });
  // In chunks: `run` reads nothing of what only the other commands need.
  await build({
    ...shared,
    entryPoints: { tinydocker: "runtime/cli.ts" },
    external: ["koffi"],
    splitting: true,
    banner,
  });
  await build({
    ...shared,
    entryPoints: { devtool: "devtool/cli.ts", config: "devtool/config/config.ts" },
    splitting: true,
    packages: "external",
  });
  for (const program of ["devtool", "tinydocker"]) await chmod(`${outdir}/${program}.js`, 0o755);
  await chmod(outdir, 0o755);
  await rm("dist", { recursive: true, force: true });
  await rename(outdir, "dist");
} finally {
  await rm(outdir, { recursive: true, force: true });
}
