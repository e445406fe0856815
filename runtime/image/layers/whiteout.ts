import { BadImage, type Entry, shown, type Whiteout } from "../archive/entry.ts";

/** The OCI image-spec's layer.md: `.wh.NAME` removes NAME, and this one all in its directory, of the layers below. */
const PREFIX = ".wh.";
const OPAQUE = ".wh..wh..opq";
/** Other names that begin so are aufs's own bookkeeping. */
const RESERVED = ".wh..wh.";

/** The entries of a layer, whiteouts as such. Throws BadImage for one that removes no name. */
export async function* withWhiteouts(entries: AsyncIterable<Entry>): AsyncGenerator<Entry | Whiteout> {
  for await (const entry of entries) {
    if (!entry.path.includes(PREFIX)) {
      yield entry;
      continue;
    }
    const components = entry.path.split("/");
    const name = components.pop() ?? "";
    if (name === OPAQUE) yield { kind: "opaque", path: components.join("/") };
    else if ([...components, name].some((component) => component.startsWith(RESERVED))) continue;
    else if (name.startsWith(PREFIX)) yield { kind: "whiteout", path: [...components, removedName(name)].join("/") };
    else yield entry;
  }
}

/** The other way round: what removes something, as empty files of those names. */
export async function* asEntries(entries: AsyncIterable<Entry | Whiteout>): AsyncGenerator<Entry> {
  for await (const entry of entries) {
    yield isWhiteout(entry) ? emptyFile(nameOf(entry)) : entry;
  }
}

function isWhiteout(entry: Entry | Whiteout): entry is Whiteout {
  return entry.kind === "whiteout" || entry.kind === "opaque";
}

function nameOf({ kind, path }: Whiteout): string {
  if (kind === "whiteout") return path.replace(/[^/]*$/, `${PREFIX}$&`);
  return path === "" ? OPAQUE : `${path}/${OPAQUE}`;
}

function emptyFile(path: string): Entry {
  const metadata = { mode: 0, uid: 0, gid: 0, mtime: 0 };
  return { kind: "file", path, metadata, attributes: [], size: 0, content: [] };
}

function removedName(whiteout: string): string {
  const name = whiteout.slice(PREFIX.length);
  if (name === "" || name === "." || name === "..")
    throw new BadImage(`the whiteout ${shown(whiteout)} removes no name`);
  return name;
}
