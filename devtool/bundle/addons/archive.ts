import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { withSlashes } from "../../paths/slashes.ts";

/** The text of a file, of one in an archive too: yarn's Plug'n'Play has most packages so. Rejects where it can't be read. */
export type ReadSource = (file: string) => Promise<string>;

const IN_ARCHIVE = /^(.*?\.zip)[\\/](.+)$/;

/** Each archive is read once. */
export function createReader(): ReadSource {
  const archives = new Map<string, Promise<Archive>>();
  return async (file) => {
    const place = withoutVirtual(file);
    const [, path, name] = IN_ARCHIVE.exec(place) ?? [];
    if (path === undefined || name === undefined) return await readFile(place, "utf8");
    const archive = archives.get(path) ?? readFile(path).then(readArchive);
    archives.set(path, archive);
    return contentOf(await archive, withSlashes(name)).toString();
  };
}

/** A package has a path for each set of its peers: `FOLDER/__virtual__/HASH/UP/REST` is REST, from UP folders above FOLDER. */
const VIRTUAL = /^(.*)[\\/]__virtual__[\\/][^\\/]+[\\/](\d+)[\\/](.*)$/;

function withoutVirtual(file: string): string {
  const [, folder = "", up, rest = ""] = VIRTUAL.exec(file) ?? [];
  return up === undefined ? file : join(folder, "../".repeat(Number(up)), rest);
}

interface Archive {
  readonly bytes: Buffer;
  /** Name → where its entry in the directory is. */
  readonly entries: ReadonlyMap<string, number>;
}

/** PKWARE's APPNOTE.TXT: signatures of the end of the directory and of an entry, and the sizes of an entry and of a file's own header. */
const END = Buffer.from("PK\x05\x06", "latin1");
const ENTRY = 0x02014b50;
const ENTRY_BYTES = 46;
const HEADER_BYTES = 30;

function readArchive(bytes: Buffer): Archive {
  const entries = new Map<string, number>();
  let at = bytes.readUInt32LE(bytes.lastIndexOf(END) + 16);
  while (bytes.readUInt32LE(at) === ENTRY) {
    const [name, extra, comment] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field)) as [
      number,
      number,
      number,
    ];
    entries.set(bytes.toString("utf8", at + ENTRY_BYTES, at + ENTRY_BYTES + name), at);
    at += ENTRY_BYTES + name + extra + comment;
  }
  return { bytes, entries };
}

function contentOf({ bytes, entries }: Archive, name: string): Buffer {
  const entry = entries.get(name);
  if (entry === undefined) throw new Error(`${name} is not in the archive`);
  const header = bytes.readUInt32LE(entry + 42);
  const start = header + HEADER_BYTES + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
  const content = bytes.subarray(start, start + bytes.readUInt32LE(entry + 20));
  const isStored = bytes.readUInt16LE(entry + 10) === 0;
  return isStored ? content : inflateRawSync(content);
}
