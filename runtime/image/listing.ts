import type { ImageConfig } from "./config.ts";
import { storedImages } from "./content/describe.ts";
import { unlessDamaged } from "./damaged.ts";
import { clearLeftovers } from "./leftovers.ts";
import { HOST } from "./resolve.ts";
import { imageNames, readRecord } from "./store.ts";

/** One line of it; what an image does not have is null. */
export interface Listed {
  readonly name: string;
  readonly host: boolean;
  readonly damaged?: boolean;
  readonly created: string | null;
  readonly bytes: number | null;
  readonly files: number | null;
  /** Those of a registry's image. */
  readonly id?: string;
  readonly digest?: string;
  /** Not printed. */
  readonly config?: ImageConfig;
}

/** All images, the built-in one first. */
export async function allImages(root: string): Promise<Listed[]> {
  // What a killed import left; listing must not need to write.
  await clearLeftovers(root).catch(() => {});
  const host = { name: HOST.name, host: true, created: null, bytes: null, files: null };
  const imported = imageNames(root).map((name) => importedImage(root, name));
  const stored = storedImages(root).map((image) => ({ host: false, damaged: image.id === undefined, ...image }));
  return [host, ...imported, ...stored];
}

function importedImage(root: string, name: string): Listed {
  const record = unlessDamaged(() => readRecord(root, name));
  const unknown = { name, created: null, bytes: null, files: null };
  return { host: false, damaged: record === undefined, ...(record ?? unknown) };
}

/** One JSON array of {name, host, created, bytes, files, id?, digest?}; ends with a newline. */
export function listingJson(images: readonly Listed[]): string {
  return `${JSON.stringify(images, shown)}\n`;
}

/** Of an image that is whole, nobody needs to be told so. */
function shown(key: string, value: unknown): unknown {
  return key === "config" || (key === "damaged" && value === false) ? undefined : value;
}

/** As docker shortens a digest. */
export function shortId(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1).slice(0, 12);
}
