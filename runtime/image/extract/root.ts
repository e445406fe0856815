import { byteString, bytesOf, type Metadata } from "../archive/entry.ts";
import { NameBudget } from "./name-budget.ts";

/** The root file system that is being written, in a directory that no one else can reach. */
export interface Root {
  /** Its absolute path, as byte string. */
  readonly top: string;
  /** Every directory made so far; its metadata is set at the end, after its entries are written. */
  readonly directories: Map<string, Metadata>;
  readonly directoryNames: NameBudget;
  readonly done: Extracted;
  /** What the layer that is being written has made; undefined: there is only one. */
  layer: LayerPlaces | undefined;
}

interface LayerPlaces {
  readonly places: Set<string>;
  readonly names: NameBudget;
}

/** What is on disk so far. */
export interface Extracted {
  /** Everything but directories. */
  files: number;
  /** Of the files' contents without holes; a hard link counts once. */
  bytes: number;
  /** Whether any file may be executed: a container needs one. */
  executable: boolean;
}

export function newRoot(directory: string): Root {
  return {
    top: byteString(directory),
    directories: new Map([["", impliedMetadata()]]),
    directoryNames: new NameBudget("directories"),
    done: { files: 0, bytes: 0, executable: false },
    layer: undefined,
  };
}

/** From here on, what was made before belongs to the layers below. */
export function beginLayer(root: Root): void {
  // The files of one layer are more than the directories of all.
  root.layer = { places: new Set(), names: new NameBudget("files in a layer", 4) };
}

/** Notes that the place is now this layer's. */
export function claim({ layer }: Root, place: string): void {
  if (!layer || layer.places.has(place)) return;
  layer.names.take(place);
  layer.places.add(place);
}

export function isOfThisLayer({ layer }: Root, place: string): boolean {
  return layer?.places.has(place) ?? true;
}

/** Of a directory that the archive does not list. */
export function impliedMetadata(): Metadata {
  return { mode: 0o755, uid: 0, gid: 0, mtime: Date.now() / 1_000 };
}

export function onDisk(root: Root, place: string): Buffer {
  return bytesOf(place === "" ? root.top : `${root.top}/${place}`);
}

export function joined(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}
