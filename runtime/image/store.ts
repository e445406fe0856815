import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** The state directory's part that holds images: NAME/rootfs and NAME/image.json each; names with a dot in front are under way. */
export function imagesDirectory(root: string): string {
  return join(root, "images");
}

export function rootfsOf(root: string, name: string): string {
  return join(imagesDirectory(root), name, "rootfs");
}

export function recordOf(root: string, name: string): string {
  return join(imagesDirectory(root), name, "image.json");
}

/** The imported images, sorted by name. */
export async function imageNames(root: string): Promise<string[]> {
  const entries = await readdir(imagesDirectory(root)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return entries.filter((name) => !name.startsWith(".") && existsSync(recordOf(root, name))).sort();
}
