import { isEither, isListOf, isMapOf, isOneOf, isRecordOf, isText, isWhole, type Shaped } from "../../shape.ts";

/** The OCI image-spec's descriptor.md: a file by its digest. */
export const isDescriptor = isRecordOf(
  { mediaType: isText, digest: isText, size: isWhole },
  {
    platform: isRecordOf({ architecture: isText, os: isText }, { variant: isText }),
    annotations: isMapOf(isText),
    artifactType: isText,
  },
);
export type Descriptor = Shaped<typeof isDescriptor>;

/** manifest.md and image-index.md, and docker's image manifest version 2, schema 2, of which they are copies. */
export const isIndex = isRecordOf({ manifests: isListOf(isDescriptor) }, { mediaType: isText });
export const isManifest = isRecordOf({ config: isDescriptor, layers: isListOf(isDescriptor) }, { mediaType: isText });
export type Manifest = Shaped<typeof isManifest>;

/** manifest.json of docker save: the paths of each image's parts, and its names. */
const isDockerImage = isRecordOf(
  { Config: isText, Layers: isListOf(isText) },
  { RepoTags: isEither(isListOf(isText), isOneOf(null)) },
);
export const isDockerList = isListOf(isDockerImage);
export type DockerImage = Shaped<typeof isDockerImage>;

export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const DOCKER_MANIFEST_V2 = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";

export const DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";
const DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar";

export function dockerLayer(compression: "gzip" | "zstd" | undefined): string {
  return compression === undefined ? DOCKER_LAYER : `${DOCKER_LAYER}.${compression}`;
}

export const MANIFEST_TYPES: ReadonlySet<string> = new Set([OCI_MANIFEST, DOCKER_MANIFEST_V2]);
export const INDEX_TYPES: ReadonlySet<string> = new Set([OCI_INDEX, DOCKER_LIST]);
export const CONFIG_TYPES: ReadonlySet<string> = new Set(["application/vnd.oci.image.config.v1+json", DOCKER_CONFIG]);
/** With those that old versions of docker and of registries have written; docker takes them. */
export const TAKEN_CONFIG_TYPES: ReadonlySet<string> = new Set([
  ...CONFIG_TYPES,
  "application/octet-stream",
  "application/json",
  "text/html",
]);

/** As the distribution-spec asks registries to take at least. */
export const MANIFEST_BYTES_MAX = 4 * 1_024 ** 2;
/** An index in an index in an index is more than any tool writes. */
export const INDEX_DEPTH_MAX = 3;
