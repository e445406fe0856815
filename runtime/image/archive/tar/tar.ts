import type { Notes } from "../../notes.ts";
import { ByteReader } from "../byte-reader.ts";
import { BadImage, type Entry, type Metadata, shown } from "../entry.ts";
import { memberPath, relativePath } from "../entry-path.ts";
import { deviceNumber } from "./header.ts";
import { type Archive, type Member, readMember } from "./member.ts";
import { readSparseMap } from "./sparse.ts";
import { attributesOf } from "./xattr.ts";

interface Options {
  readonly notes: Notes;
  /** The bytes are compared with a digest: the archive may be empty, or without its end. */
  readonly isVerified?: boolean;
}

/**
 * The entries of an uncompressed tar archive: ustar, pax, GNU and v7. What GNU tar would skip is skipped and noted. An
 * entry's content must be read before the next entry is requested. Reads the source to its end. Throws BadImage when the
 * archive is broken or cut short.
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  { notes, isVerified = false }: Options,
): AsyncGenerator<Entry> {
  const archive: Archive = { reader: new ByteReader(source), isVerified, members: 0, globals: [] };
  try {
    for (let member = await readMember(archive); member; member = await readMember(archive)) {
      const entry = await entryOf(member, archive.reader, notes);
      if (entry) yield entry;
      await member.content.end();
    }
    if (archive.members === 0 && !isVerified) throw new BadImage("it contains no files");
    await noteRest(archive.reader, notes);
  } finally {
    await archive.reader.close();
  }
}

const REST_BYTES = 256 * 1_024;
const ZEROS = Buffer.alloc(REST_BYTES);

/** tar ignores what follows the end; but a checksum may come after it, so it is read. */
async function noteRest(reader: ByteReader, notes: Notes): Promise<void> {
  for (let piece = await reader.next(REST_BYTES); piece.length > 0; piece = await reader.next(REST_BYTES))
    if (!piece.equals(ZEROS.subarray(0, piece.length))) notes.add("after the end", undefined, piece.length);
}

type Kind = Exclude<Entry["kind"], "mount point" | "socket"> | "label" | "other volume";

const KINDS: Readonly<Record<string, Kind>> = {
  "0": "file",
  "7": "file",
  S: "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "device",
  "4": "device",
  "5": "directory",
  D: "directory",
  "6": "fifo",
  V: "label",
  M: "other volume",
};

async function entryOf(member: Member, reader: ByteReader, notes: Notes): Promise<Entry | undefined> {
  const { name, linkName, header, records, content } = member;
  const kind = kindOf(member);
  if (kind === "label" || kind === "other volume") {
    notes.add(kind, name);
    return undefined;
  }
  if (name === "" && kind !== "directory") throw new BadImage("an entry has no name");
  const path = memberPath(name, notes);
  if (path === "" && kind !== "directory") throw new BadImage(`its root is a ${kind}, not a directory`);
  if (!(header.type in KINDS)) notes.add("unknown type", path);
  const metadata = metadataOf(member, path);
  const attributes = attributesOf(records);
  switch (kind) {
    case "hardlink":
      return { path, metadata, attributes, kind, target: relativePath(linkName) };
    case "device":
      return {
        path,
        metadata,
        attributes,
        kind,
        node: { type: header.type === "3" ? "character" : "block", ...deviceNumber(header.block) },
      };
    case "symlink":
      return { path, metadata, attributes, kind, target: linkName };
    case "file": {
      const map = await readSparseMap(member, reader);
      const pieces = map ? content.expanded(map) : (content.ready() ?? content.read());
      return { path, metadata, attributes, kind, size: (map ?? member).size, content: pieces };
    }
    default:
      return { path, metadata, attributes, kind };
  }
}

/** v7 has no type for a directory, only a slash after its name. POSIX: an unknown type is to be taken for a file. */
function kindOf({ name, header: { type } }: Member): Kind {
  const kind = KINDS[type] ?? "file";
  return kind === "file" && "07".includes(type) && name.endsWith("/") ? "directory" : kind;
}

/** The largest id; one more means "leave as it is" to chown(2). */
const ID_MAX = 2 ** 32 - 2;

function metadataOf({ header, pax }: Member, path: string): Metadata {
  const [uid, gid] = [numberOf(pax.get("uid")) ?? header.uid, numberOf(pax.get("gid")) ?? header.gid];
  const mtime = numberOf(pax.get("mtime")) ?? header.mtime;
  const isValid = Number.isInteger(header.mode) && isId(uid) && isId(gid) && Number.isFinite(mtime);
  if (!isValid) throw new BadImage(`it is broken (the header of ${shown(path)} contains an invalid number)`);
  return { mode: header.mode & 0o7777, uid, gid, mtime };
}

/** An empty record takes back what an earlier header said. */
function numberOf(record: string | undefined): number | undefined {
  if (!record) return undefined;
  return /^-?\d+(\.\d*)?$/.test(record) ? Number(record) : Number.NaN;
}

function isId(id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id <= ID_MAX;
}
