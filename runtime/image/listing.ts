import type { ImageConfig } from "./config.ts";
import { storedImages } from "./content/describe.ts";
import { unlessDamaged } from "./damaged.ts";
import { clearLeftovers } from "./leftovers.ts";
import { HOST } from "./resolve.ts";
import { imageNames, readRecord } from "./store.ts";
import { bytesInWords, table } from "./words.ts";

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

interface ListingForm {
  readonly json?: boolean;
  /** A column more. */
  readonly digests?: boolean;
  /** Ids are not shortened. */
  readonly whole?: boolean;
}

/** A table, or one JSON array of {name, host, created, bytes, files, id?, digest?}; ends with a newline. */
export function listingText(
  images: readonly Listed[],
  { json = false, digests = false, whole = false }: ListingForm,
): string {
  if (json) return `${JSON.stringify(images, shown)}\n`;
  const rows = [["NAME", "SIZE", "CREATED", "ID"], ...images.map((image) => rowOf(image, whole))];
  if (!digests) return table(rows);
  const column = ["DIGEST", ...images.map(({ digest = "" }) => digest)];
  return table(rows.map((row, i) => [...row, column[i] ?? ""]));
}

/** Of an image that is whole, nobody needs to be told so. */
function shown(key: string, value: unknown): unknown {
  return key === "config" || (key === "damaged" && value === false) ? undefined : value;
}

function rowOf({ name, host, damaged, bytes, created, id = "" }: Listed, whole: boolean): string[] {
  if (host) return [name, "-", "built in", ""];
  if (damaged) return [name, "damaged", "-", ""];
  const when = created?.slice(0, 16).replace("T", " ") ?? "-";
  return [name, bytesInWords(bytes ?? 0), when, whole ? id : shortId(id)];
}

/** As docker shortens a digest. */
export function shortId(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1).slice(0, 12);
}
