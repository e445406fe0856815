import { execFileSync } from "node:child_process";
import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createShipper, type Destination } from "../../../../devtool/bundle/addons/addons.ts";
import type { Platform } from "../../../../devtool/bundle/addons/package.ts";
import { createBundler } from "../../../../devtool/bundle/bundle.ts";
import type { ProjectBundle } from "../../../../devtool/config/project.ts";
import { temporaryDirectory } from "../../../rig/host.ts";

export const HERE: Platform = { platform: "linux", arch: process.arch, libc: "glibc", node: process.version };
const signal = new AbortController().signal;

export interface Shipped {
  readonly changed: readonly string[];
  readonly notices: readonly string[];
  /** What the bundle and its packages are made of. */
  readonly inputs: readonly string[];
  /** What is beside the bundle now: paths of files below node_modules. */
  readonly files: readonly string[];
  /** What the program prints on a target, which has the bundle's folder and nothing else of the project. */
  run(): Promise<string>;
}

/** Bundles src/main.js of a project and ships its packages, as often as it is called. */
export function shipperOf(
  t: TestContext,
  root: string,
  addons: readonly string[],
  destination: Partial<Destination> = {},
  options: ProjectBundle["options"] = {},
  incremental = false,
): () => Promise<Shipped> {
  const bundler = createBundler(root, {
    entryPoints: { main: "src/main.js" },
    outdir: ".devtool",
    addons,
    incremental,
    options,
  });
  t.after(() => bundler.dispose());
  const outdir = join(root, ".devtool");
  const ship = createShipper(() => join(outdir, "node_modules"), join(root, "cache"));
  return async () => {
    const notices: string[] = [];
    const bundle = await bundler.build(signal);
    const compile = () => Promise.reject(new Error("nothing is to be compiled"));
    const { changed } = await ship(bundle.apart, {
      target: HERE,
      compile,
      notice: (text) => notices.push(text),
      signal,
      ...destination,
    });
    const { inputs } = bundle;
    return {
      changed,
      notices,
      inputs,
      files: await filesIn(join(outdir, "node_modules")),
      run: () => runElsewhere(t, outdir),
    };
  };
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith(".devtool-"));
  return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
}

async function runElsewhere(t: TestContext, outdir: string): Promise<string> {
  const target = await temporaryDirectory(t);
  await cp(outdir, join(target, ".devtool"), { recursive: true });
  return execFileSync(process.execPath, [join(target, ".devtool/main.js")], { encoding: "utf8" });
}
