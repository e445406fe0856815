import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { importImage } from "../runtime/image/import.ts";
import { rootfsOf } from "../runtime/image/store.ts";
import { run } from "./run.ts";

/** An image of a few programs of this machine and their libraries. Returns its root file system. */
export async function makeImage(directory: string, name: string, programs: readonly string[]): Promise<string> {
  const tree = join(directory, "tree");
  // Every root file system has these; otherwise the peers would create them in their first round only.
  for (const part of ["proc", "sys", "dev", "etc", "tmp"]) await mkdir(join(tree, part), { recursive: true });
  for (const program of programs) {
    const libraries = (await run(["ldd", program])).match(/\/\S+/g) ?? [];
    for (const file of [program, ...libraries.filter((path) => !path.endsWith(":"))]) {
      await mkdir(join(tree, dirname(file)), { recursive: true });
      await copyFile(file, join(tree, file));
    }
  }
  const root = process.env["TINYDOCKER_ROOT"] ?? "";
  const { signal } = new AbortController();
  await importImage({ root, name, source: tree, stdin: Readable.from([]), signal, progress: () => {} });
  return rootfsOf(root, name);
}
