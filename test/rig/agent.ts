import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Builds dist/agent.js, as `npm run prepare` does: tests run from the sources, but the agent does not. */
export async function buildAgent(): Promise<void> {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ["devtool/agent/main.ts"],
    bundle: true,
    platform: "node",
    target: "node20.19",
    format: "esm",
    write: false,
  });
  const content = outputFiles[0]?.contents ?? new Uint8Array();
  const path = `${root}dist/agent.js`;
  const before = await readFile(path).catch(() => undefined);
  if (before?.equals(content)) return;
  // Tests run at the same time: none may see an incomplete file.
  await mkdir(`${root}dist`, { recursive: true });
  await writeFile(`${path}.${process.pid}`, content);
  await rename(`${path}.${process.pid}`, path);
}
