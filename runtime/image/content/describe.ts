import { isBoolean, isListOf, isMapOf, isRecordOf, isText, parseJson, type Shape, type Shaped } from "../../shape.ts";
import { familiarName, parseReference } from "../registry/reference.ts";
import { readBlob } from "./blobs.ts";
import { allNames } from "./names.ts";
import { layerPath } from "./places.ts";
import { hasLayer, readLayerRecord } from "./stack.ts";
import type { StoredImage } from "./stored-image.ts";

const isAnything: Shape<unknown> = (_value): _value is unknown => true;
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
  const value = parseJson(readBlob(root, id)?.toString("utf8") ?? "");
  const steps: readonly Shaped<typeof isStep>[] = isHistory(value) ? (value.history ?? []) : [];
  const layers = config.rootfs.diff_ids.values();
  return steps
    .map(({ created = "", created_by: createdBy = "", comment = "", empty_layer: isEmpty = false }) => {
      const layer = isEmpty ? undefined : layers.next().value;
      return { created, createdBy, comment, bytes: layer === undefined ? 0 : bytesOf(root, layer) };
    })
    .reverse();
}

/** Of the files of all layers. */
export function sizeOf(root: string, { config }: StoredImage): number {
  return [...new Set(config.rootfs.diff_ids)].reduce((sum, diffId) => sum + bytesOf(root, diffId), 0);
}

function bytesOf(root: string, diffId: string): number {
  return hasLayer(root, diffId) ? (readLayerRecord(layerPath(root, diffId))?.bytes ?? 0) : 0;
}

/** In the words of `docker image inspect`: what the configuration says, and what is known here. */
export function inspectionOf(root: string, image: StoredImage): object {
  const value = parseJson(readBlob(root, image.id)?.toString("utf8") ?? "");
  const file: Readonly<Record<string, unknown>> = isMapOf(isAnything)(value) ? value : {};
  const { digest } = image.named.manifest;
  const names = allNames(root).filter(({ manifest }) => manifest.digest === digest);
  const references = names.map(({ name }) => parseReference(name));
  const tags = references.filter(({ digest: pinned }) => pinned === undefined).map(familiarName);
  const repositories = new Set(references.map(({ domain, path }) => familiarName({ domain, path, digest })));
  return {
    Id: image.id,
    RepoTags: tags,
    RepoDigests: [...repositories],
    Created: file["created"] ?? null,
    Author: file["author"] ?? "",
    Architecture: file["architecture"],
    Os: file["os"],
    Config: file["config"] ?? null,
    Size: sizeOf(root, image),
    RootFS: { Type: "layers", Layers: image.config.rootfs.diff_ids },
    Manifest: image.named.manifest,
  };
}
