import { parseWithoutNulls } from "../../shape.ts";
import { BadImage } from "../archive/entry.ts";
import { checkedDigest } from "../layers/digest.ts";
import {
  type Descriptor,
  INDEX_TYPES,
  isIndex,
  isManifest,
  MANIFEST_BYTES_MAX,
  MANIFEST_TYPES,
  type Manifest,
  TAKEN_CONFIG_TYPES,
} from "./kinds.ts";

export type Parsed =
  | { readonly manifest: Manifest }
  /** For several machines. */
  | { readonly index: readonly Descriptor[] }
  | "unknown kind";

/** Throws BadImage for what is of a known kind, and can't be an image. */
export function parseManifest(mediaType: string, bytes: Uint8Array): Parsed {
  const value = parseWithoutNulls(Buffer.from(bytes).toString("utf8"));
  if (MANIFEST_TYPES.has(mediaType) && isManifest(value)) return { manifest: checkedManifest(value) };
  if (!INDEX_TYPES.has(mediaType) || !isIndex(value)) return "unknown kind";
  for (const { digest } of value.manifests) checkedDigest(digest);
  return { index: value.manifests };
}

/** Above docker's own 125; overlayfs takes 500, and the options of one mount fit on a page up to here. */
const LAYERS_MAX = 250;
/** 64 GiB, as of an import. */
const LAYER_BYTES_MAX = 64 * 1_024 ** 3;

/** Encrypted, or of another form, such as WebAssembly and signatures. */
const NO_ARCHIVE = /^application\/vnd\.(?!.*tar\b)|\+encrypted$/;

/** Throws BadImage for what no image has. */
export function checkedManifest(manifest: Manifest): Manifest {
  const { config, layers } = manifest;
  if (!TAKEN_CONFIG_TYPES.has(config.mediaType))
    throw new BadImage(`it is not an image of a container, but ${JSON.stringify(config.mediaType)}`);
  if (layers.length > LAYERS_MAX) throw new BadImage(`it has ${layers.length} layers, and ${LAYERS_MAX} is the most`);
  const other = layers.find(({ mediaType }) => NO_ARCHIVE.test(mediaType));
  if (other)
    throw new BadImage(`its layer ${other.digest} is not an archive of files, but ${JSON.stringify(other.mediaType)}`);
  for (const { digest, size } of [config, ...layers]) {
    checkedDigest(digest);
    if (!(size >= 0 && size <= LAYER_BYTES_MAX))
      throw new BadImage(`its manifest says that ${digest} has ${size} bytes`);
  }
  if (config.size > MANIFEST_BYTES_MAX)
    throw new BadImage(`its configuration has ${config.size} bytes, and ${MANIFEST_BYTES_MAX} is the most`);
  return manifest;
}
