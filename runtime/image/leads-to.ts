import { lstatSync, readlinkSync, type Stats } from "node:fs";

/** As the kernel's. */
const LINKS_MAX = 40;

/** A directory of the image: its path, and the layers that have it, the topmost first. */
interface Place {
  readonly path: string;
  readonly layers: readonly string[];
}

/**
 * Where an absolute path leads through the symlinks of an image, whose layers are directories, the topmost first. From what
 * does not exist on, and from a circle of links on, the path is taken as it is.
 */
export function leadsTo(layers: readonly string[], path: string): string {
  const root: Place = { path: "", layers };
  let parents: Place[] = [];
  let left = partsOf(path);
  for (let links = 0; left.length > 0; ) {
    const [name = "", ...after] = left;
    const here = parents.at(-1) ?? root;
    const target = name === ".." ? undefined : linkIn(here, name);
    if (target === undefined) parents = name === ".." ? parents.slice(0, -1) : [...parents, enter(here, name)];
    else if (++links > LINKS_MAX) return path;
    else if (target.startsWith("/")) parents = [];
    left = [...partsOf(target ?? ""), ...after];
  }
  return parents.at(-1)?.path ?? "/";
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

/** The topmost layer that has the name decides. */
function linkIn({ path, layers }: Place, name: string): string | undefined {
  const layer = layers.find((one) => statsOf(`${one}${path}/${name}`) !== undefined);
  if (layer === undefined) return undefined;
  const file = `${layer}${path}/${name}`;
  return statsOf(file)?.isSymbolicLink() ? readlinkSync(file) : undefined;
}

/** Below a file of one layer, the directories of lower ones can't be seen. */
function enter({ path, layers }: Place, name: string): Place {
  const inside = `${path}/${name}`;
  const covering = layers.findIndex((one) => statsOf(`${one}${inside}`)?.isDirectory() === false);
  const seen = covering < 0 ? layers : layers.slice(0, covering);
  return { path: inside, layers: seen.filter((one) => statsOf(`${one}${inside}`) !== undefined) };
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // a directory that this user may not read
  }
}
