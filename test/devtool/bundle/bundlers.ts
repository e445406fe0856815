import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { type Bundler, createBundler } from "../../../devtool/bundle/bundle.ts";
import type { ProjectBundle } from "../../../devtool/config/project.ts";
import { temporaryDirectory } from "../../rig/host.ts";

export async function write(root: string, files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

/** A project of these files, and its bundler. */
export async function bundlerOf(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  config: Partial<ProjectBundle> = {},
): Promise<{ root: string; bundler: Bundler }> {
  const root = await temporaryDirectory(t);
  await write(root, files);
  const bundler = createBundler(root, {
    entryPoints: { main: "src/main.ts" },
    outdir: ".devtool",
    addons: [],
    incremental: false,
    options: {},
    ...config,
  });
  t.after(() => bundler.dispose());
  return { root, bundler };
}
