import { mkdirSync, mkdtempSync, renameSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { makeDirectory } from "../../host/make-directory.ts";
import { openShim } from "../../host/shim.ts";
import { syncDirectory } from "../../host/sync.ts";
import { isFirstUserNamespace } from "../../host/users/identity.ts";
import { decompress } from "../archive/compression/decompress.ts";
import { readTar } from "../archive/tar/tar.ts";
import { type ExtractOptions, extractLayer } from "../extract/extract.ts";
import { overlayLayer } from "../extract/overlay.ts";
import { verified } from "../layers/blob.ts";
import { withWhiteouts } from "../layers/whiteout.ts";
import { removeTree } from "../leftovers.ts";
import { layerPath, layersDirectory } from "./places.ts";
import { hasLayer, type LayerRecord, OPAQUE } from "./stack.ts";
import { isLeft, underWayPrefix } from "./under-way.ts";

/**
 * Unpacks an archive, plain or compressed, as the layer with that digest. Throws BadImage where it has another one. Its few
 * small files are made at once: on another thread, each would wait for the other layers' parts that are unpacked there.
 */
export async function unpackLayer(
  root: string,
  diffId: string,
  archive: AsyncIterable<Uint8Array>,
  options: ExtractOptions,
): Promise<void> {
  const directory = layersDirectory(root);
  makeDirectory(directory);
  const underWay = mkdtempSync(join(directory, underWayPrefix()));
  try {
    const fs = join(underWay, "fs");
    mkdirSync(fs);
    const shim = await openShim();
    const overlay = overlayLayer(shim, process.geteuid?.() === 0 && isFirstUserNamespace());
    const plain = verified(decompress(archive, shim), diffId, "layer", shim);
    const entries = withWhiteouts(readTar(plain, { notes: options.notes, isVerified: true }));
    const { files, bytes } = await extractLayer(entries, fs, overlay, options);
    const record: LayerRecord = { files, bytes };
    writeFileSync(join(underWay, "layer.json"), `${JSON.stringify(record)}\n`);
    if (overlay.opaques.has("")) writeFileSync(join(underWay, OPAQUE), "");
    await syncDirectory(underWay);
    renameSync(underWay, layerPath(root, diffId));
  } catch (error) {
    await removeTree(underWay);
    // Another process was quicker.
    if ((error as NodeJS.ErrnoException).syscall !== "rename" || !hasLayer(root, diffId)) throw error;
  }
}

/** Removes what killed processes left. */
export async function clearLayersUnderWay(root: string): Promise<void> {
  const directory = layersDirectory(root);
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter(isLeft)) await removeTree(join(directory, name));
}
