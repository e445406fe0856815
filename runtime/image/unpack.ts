import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { type Attribute, readAttributes } from "../host/attributes.ts";
import { openShim } from "../host/shim.ts";
import { readTree } from "./archive/tree.ts";
import type { ImageConfig } from "./config.ts";
import { type ExtractOptions, extractLayers, type Layers } from "./extract/extract.ts";
import type { Extracted } from "./extract/root.ts";
import { checkImport, imageConfig } from "./layers/config-file.ts";
import { readLayer } from "./layers/layer.ts";
import { readSavedImage, type SavedImage } from "./layers/saved-image.ts";
import { removeTree } from "./leftovers.ts";
import type { Notes } from "./notes.ts";

export interface Unpacked {
  readonly extracted: Extracted;
  /** Only an image in layers has one. */
  readonly config?: ImageConfig;
}

/** Writes the root file system of an archive to `${directory}/rootfs`; of an archive of layers, what they make together. */
export async function unpackArchive(
  archive: Layers[number],
  directory: string,
  options: ExtractOptions,
): Promise<Unpacked> {
  const rootfs = join(directory, "rootfs");
  const extracted = await extractInto(rootfs, [archive], options);
  if (!(await readSavedImage(rootfs))) return { extracted };
  const saved = join(directory, "saved");
  await rename(rootfs, saved);
  const unpacked = await unpackDirectory(saved, directory, options);
  await removeTree(saved);
  return unpacked;
}

/** The same of a directory. */
export async function unpackDirectory(source: string, directory: string, options: ExtractOptions): Promise<Unpacked> {
  const rootfs = join(directory, "rootfs");
  const image = await readSavedImage(source);
  if (!image) {
    const tree = readTree(source, await attributeReader(options.notes));
    return { extracted: await extractInto(rootfs, [tree], options) };
  }
  checkImport(image.config, options.notes);
  const config = importedConfig(imageConfig(image.config));
  return { extracted: await extractInto(rootfs, layersOf(image, options), options), config };
}

/** What a container of an imported image gets. */
function importedConfig({ User, Env, Entrypoint, Cmd, WorkingDir }: ImageConfig): ImageConfig {
  const used = Object.entries({ User, Env, Entrypoint, Cmd, WorkingDir });
  return Object.fromEntries(used.filter(([, value]) => value !== undefined));
}

/** Without the native part, nothing can read extended attributes, and that is noted. */
async function attributeReader(notes: Notes): Promise<(path: Buffer) => readonly Attribute[]> {
  try {
    const shim = await openShim();
    return (path) => readAttributes(shim, path);
  } catch {
    notes.add("unread attributes");
    return () => [];
  }
}

function layersOf({ directory, layers }: SavedImage, { notes, signal }: ExtractOptions): Layers {
  return layers.map((layer) => readLayer(directory, layer, notes, signal));
}

async function extractInto(rootfs: string, layers: Layers, options: ExtractOptions): Promise<Extracted> {
  await mkdir(rootfs, { mode: 0o700 });
  return extractLayers(layers, rootfs, options);
}
