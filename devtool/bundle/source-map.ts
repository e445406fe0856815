import { posix } from "node:path";
import type { Output } from "./outputs.ts";

const MAPPINGS = '\n  "mappings":';

/**
 * An output whose source map has absolute paths of this machine for sources: node --enable-source-maps prints them as they
 * are, so that an editor or terminal here finds them. `folder`: where the outputs are, here;
 * `isInline`: whether their maps are in them.
 */
export function withLocalSources(output: Output, folder: string, isInline: boolean): Output {
  const { path, contents } = output;
  const bytes = Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength);
  const place = posix.dirname(posix.join(folder, path));
  if (path.endsWith(".map")) return { ...output, contents: localMap(bytes, place) };
  const at = isInline ? bytes.lastIndexOf(INLINE) : -1;
  if (at < 0) return output;
  const start = at + INLINE.length;
  const map = localMap(Buffer.from(bytes.toString("latin1", start), "base64"), place);
  return { ...output, contents: Buffer.concat([bytes.subarray(0, start), Buffer.from(`${map.toString("base64")}\n`)]) };
}

const INLINE = "\n//# sourceMappingURL=data:application/json;base64,";

function localMap(bytes: Buffer, place: string): Buffer {
  const at = bytes.indexOf(MAPPINGS);
  const head = at < 0 ? undefined : parsed(`${bytes.toString("utf8", 0, at).replace(/,\s*$/, "")}}`);
  if (!head) return bytes;
  const sources = head.sources.map((source) =>
    /^[\w-]{2,}:/.test(source) ? source : posix.join(place, decoded(source)),
  );
  const text = JSON.stringify({ ...head, sources }, null, 2).replace(/\n}$/, ",");
  return Buffer.concat([Buffer.from(text), bytes.subarray(at)]);
}

/** esbuild writes URLs, in which [id].ts is %5Bid%5D.ts. */
function decoded(source: string): string {
  try {
    return decodeURIComponent(source);
  } catch {
    return source;
  }
}

function parsed(text: string): { readonly sources: readonly string[] } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isMap = typeof value === "object" && value !== null && "sources" in value && Array.isArray(value.sources);
    return isMap ? (value as { sources: string[] }) : undefined;
  } catch {
    return undefined;
  }
}
