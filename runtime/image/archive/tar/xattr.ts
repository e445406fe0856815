import type { Attribute } from "../../../host/attributes.ts";
import type { PaxRecords } from "./pax.ts";

const STAR = "SCHILY.xattr.";
const LIBARCHIVE = "LIBARCHIVE.xattr.";

/** The extended attributes in pax records: as star, GNU tar and Go write them, or as libarchive does. */
export function attributesOf(records: PaxRecords): Attribute[] {
  if (records.length === 0) return [];
  const attributes = new Map<string, Buffer>();
  for (const [keyword, value] of records) {
    if (keyword.startsWith(LIBARCHIVE)) {
      // libarchive's names are URL-encoded, its values base64.
      attributes.set(unescaped(keyword.slice(LIBARCHIVE.length)), Buffer.from(value, "base64"));
    } else if (keyword.startsWith(STAR)) {
      attributes.set(unescaped(keyword.slice(STAR.length)), Buffer.from(value, "latin1"));
    }
  }
  return [...attributes].map(([name, value]) => ({ name, value }));
}

/** A keyword ends at "=", so the name has another form of it: GNU tar's xattr_encode_keyword. */
function unescaped(name: string): string {
  return name.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
