import { bytesOf, type Entry, type Metadata, type Pieces } from "../entry.ts";
import { headerBlock, NUMBER_MAX, paddingAfter } from "./header-block.ts";

const NAME_BYTES_MAX = 100;
const TYPES = { hardlink: "1", symlink: "2", character: "3", block: "4", directory: "5", fifo: "6" } as const;

/** The entries as a tar archive without its end: ustar, with pax where that has no room. Sockets are left out, as by GNU tar. */
export async function* writeMembers(entries: AsyncIterable<Entry>): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    if (entry.kind === "socket") continue;
    if (entry.kind === "file") yield* file(entry);
    else yield* member(entry, memberOf(entry));
  }
}

interface Member {
  readonly type: string;
  readonly size: number;
  readonly target?: string;
  readonly device?: readonly [major: number, minor: number];
}

function memberOf(entry: Exclude<Entry, { kind: "file" }>): Member {
  switch (entry.kind) {
    case "hardlink":
    case "symlink":
      return { type: TYPES[entry.kind], size: 0, target: entry.target };
    case "device": {
      const { type, major, minor } = entry.node ?? { type: "character", major: 0, minor: 0 };
      return { type: TYPES[type], size: 0, device: [major, minor] };
    }
    case "mount point":
      return { type: entry.directory ? TYPES.directory : "0", size: 0 };
    case "fifo":
      return { type: TYPES.fifo, size: 0 };
    default:
      return { type: TYPES.directory, size: 0 };
  }
}

async function* file(entry: Entry & { kind: "file" }): AsyncGenerator<Uint8Array> {
  const { size = 0 } = entry;
  yield* member(entry, { type: "0", size });
  yield* exactly(entry.content, size);
  yield paddingAfter(size);
}

/** Its writer may change its length at any moment; the header has gone out. */
async function* exactly(content: Pieces, size: number): AsyncGenerator<Uint8Array> {
  let left = size;
  for await (const piece of content) {
    for (const bytes of "hole" in piece ? zeros(piece.hole) : [piece]) {
      yield bytes.subarray(0, left);
      left -= Math.min(left, bytes.length);
    }
    if (left === 0) return;
  }
  yield* zeros(left);
}

const ZEROS = Buffer.alloc(256 * 1_024);

function* zeros(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, left);
}

function* member(entry: Entry, { type, size, target = "", device }: Member): Generator<Uint8Array> {
  const name = nameOf(entry, type);
  const records = recordsOf(entry, name, target, size);
  if (records.length > 0) {
    const bytes = Buffer.concat(records);
    yield headerBlock({ name: "././@PaxHeader", type: "x", size: bytes.length, ...PAX });
    yield bytes;
    yield paddingAfter(bytes.length);
  }
  const { mode, uid, gid, mtime } = entry.metadata;
  yield headerBlock({
    name: name.slice(0, NAME_BYTES_MAX),
    type,
    size: Math.min(size, NUMBER_MAX.size),
    mode,
    uid: Math.min(uid, NUMBER_MAX.id),
    gid: Math.min(gid, NUMBER_MAX.id),
    mtime: Math.max(0, Math.floor(mtime)),
    target: target.slice(0, NAME_BYTES_MAX),
    ...(device ? { device } : {}),
  });
}

const PAX = { mode: 0o644, uid: 0, gid: 0, mtime: 0 };

function nameOf({ path }: Entry, type: string): string {
  if (path === "") return "./";
  return type === TYPES.directory ? `${path}/` : path;
}

/** What the header itself has no room for. */
function recordsOf(entry: Entry, name: string, target: string, size: number): Buffer[] {
  const { uid, gid, mtime }: Metadata = entry.metadata;
  const isPlain = (text: string) => text.length <= NAME_BYTES_MAX;
  return [
    ...(isPlain(name) ? [] : [record("path", bytesOf(name))]),
    ...(isPlain(target) ? [] : [record("linkpath", bytesOf(target))]),
    ...(size <= NUMBER_MAX.size ? [] : [record("size", String(size))]),
    ...(uid <= NUMBER_MAX.id ? [] : [record("uid", String(uid))]),
    ...(gid <= NUMBER_MAX.id ? [] : [record("gid", String(gid))]),
    ...(mtime >= 0 ? [] : [record("mtime", String(Math.floor(mtime)))]),
    ...entry.attributes.map((one) => record(`SCHILY.xattr.${escaped(one.name)}`, one.value)),
  ];
}

/** As GNU tar: a keyword ends at "=". */
function escaped(name: string): string {
  return name.replace(/[%=]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** `LENGTH KEYWORD=VALUE\n`, where the length counts itself. */
function record(keyword: string, value: Uint8Array | string): Buffer {
  const rest = Buffer.concat([bytesOf(` ${keyword}=`), Buffer.from(value), bytesOf("\n")]);
  let length = rest.length + String(rest.length).length;
  if (String(length).length > String(rest.length).length) length += 1;
  return Buffer.concat([bytesOf(String(length)), rest]);
}
