import { storedImages } from "./content/describe.ts";
import { clearLeftovers } from "./leftovers.ts";
import { HOST } from "./resolve.ts";
import { imageNames, readRecord } from "./store.ts";
import { bytesInWords, table } from "./words.ts";

/** One line of it; what an image does not have is null. */
interface Listed {
  readonly name: string;
  readonly host: boolean;
  readonly created: string | null;
  readonly bytes: number | null;
  readonly files: number | null;
  /** Those of a registry's image. */
  readonly id?: string;
  readonly digest?: string;
}

export type ListingForm = "table" | "json" | "quiet";

/**
 * All images, the built-in one first: a table, one JSON array of {name, host, created, bytes, files, id?, digest?}, or only
 * the names of those that can be removed; ends with a newline, unless it is empty.
 */
export async function listing(root: string, form: ListingForm): Promise<string> {
  // What a killed import left; listing must not need to write.
  await clearLeftovers(root).catch(() => {});
  const host = { name: HOST.name, host: true, created: null, bytes: null, files: null };
  const imported = imageNames(root).map((name) => ({ host: false, ...readRecord(root, name) }));
  const stored = storedImages(root).map(({ config: _, ...image }) => ({ host: false, ...image }));
  const images: Listed[] = [host, ...imported, ...stored];
  if (form === "json") return `${JSON.stringify(images)}\n`;
  if (form === "quiet") return images.flatMap(({ host: isHost, name }) => (isHost ? [] : [`${name}\n`])).join("");
  return table([["NAME", "SIZE", "CREATED", "ID"], ...images.map(rowOf)]);
}

function rowOf({ name, host, bytes, created, id }: Listed): string[] {
  if (host) return [name, "-", "built in", ""];
  const when = created?.slice(0, 16).replace("T", " ") ?? "-";
  return [name, bytesInWords(bytes ?? 0), when, id === undefined ? "" : shortId(id)];
}

/** As docker shortens a digest. */
export function shortId(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1).slice(0, 12);
}
