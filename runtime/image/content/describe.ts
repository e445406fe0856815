import { isBoolean, isListOf, isRecordOf, isText, parseWithoutNulls, type Shaped } from "../../shape.ts";
import type { ImageConfig } from "../config.ts";
import { unlessDamaged } from "../damaged.ts";
import { imageConfig } from "../layers/config-file.ts";
import { familiarName, parseReference } from "../registry/reference.ts";
import { readBlob } from "./blobs.ts";
import { allNames, registryDigest } from "./names.ts";
import { layerPath } from "./places.ts";
import { hasLayer, type LayerRecord, readLayerRecord } from "./stack.ts";
import { readStored, type StoredImage } from "./stored-image.ts";

const isStep = isRecordOf({}, { created: isText, created_by: isText, comment: isText, empty_layer: isBoolean });
const isHistory = isRecordOf({}, { history: isListOf(isStep) });

/** How a layer was made, the newest first. */
export interface HistoryStep {
  /** ISO 8601; empty: not told. */
  readonly created: string;
  readonly createdBy: string;
  readonly comment: string;
  /** Of the files that it unpacks to. */
  readonly bytes: number;
}

export function historyOf(root: string, { id, config }: StoredImage): HistoryStep[] {
  const value = parseWithoutNulls(readBlob(root, id)?.toString("utf8") ?? "");
  const steps: readonly Shaped<typeof isStep>[] = isHistory(value) ? (value.history ?? []) : [];
  const layers = config.rootfs.diff_ids.values();
  return steps
    .map(({ created = "", created_by: createdBy = "", comment = "", empty_layer: isEmpty = false }) => {
      const layer = isEmpty ? undefined : layers.next().value;
      return { created, createdBy, comment, bytes: layer === undefined ? 0 : recordOf(root, layer).bytes };
    })
    .reverse();
}

/** An image under one of its names. */
export interface ImageSummary {
  /** As docker prints it. */
  readonly name: string;
  /** When it got that name here; ISO 8601, UTC. */
  readonly created: string;
  /** Of the files of all layers. */
  readonly bytes: number;
  readonly files: number;
  readonly config: ImageConfig;
  /** Undefined: it is damaged. */
  readonly id?: string;
  /** Of its manifest, or of the index in which its registry has that. */
  readonly digest: string;
}

/** Sorted by name. */
export function storedImages(root: string): ImageSummary[] {
  return allNames(root).map((named) => {
    const image = unlessDamaged(() => readStored(root, named));
    const name = familiarName(parseReference(named.name));
    const whole = sizeOf(root, image?.config.rootfs.diff_ids ?? []);
    const known = image && { config: imageConfig(image.config), id: image.id };
    return { name, created: named.since, ...whole, config: {}, ...known, digest: registryDigest(named) };
  });
}

/** Of the files of all these layers. */
export function sizeOf(root: string, diffIds: readonly string[]): LayerRecord {
  const records = [...new Set(diffIds)].map((diffId) => recordOf(root, diffId));
  return {
    files: records.reduce((sum, { files }) => sum + files, 0),
    bytes: records.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function recordOf(root: string, diffId: string): LayerRecord {
  const record = hasLayer(root, diffId) ? readLayerRecord(layerPath(root, diffId)) : undefined;
  return record ?? { files: 0, bytes: 0 };
}
