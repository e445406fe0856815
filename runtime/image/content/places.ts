import { join, resolve } from "node:path";

/*
 * What is stored of images from registries and `load`, below the state directory. Each is written beside its place and
 * renamed, so that it is there whole or not at all.
 *
 *   blobs/ALGORITHM/HEX        manifests, configurations and layers as they came, as in an OCI layout
 *   layers/ALGORITHM-HEX/      a layer unpacked, by the digest of its uncompressed archive: fs/ and layer.json
 *   empty/                     what an image without layers unpacks to
 *   names/HOST/PATH/:TAG       which image a name means
 *   downloads/ALGORITHM-HEX    a layer on its way, locked by who fetches it; stays when that is killed
 */

export function blobPath(root: string, digest: string): string {
  return `${resolve(root)}/blobs/${digest.replace(":", "/")}`;
}

export function layersDirectory(root: string): string {
  return join(resolve(root), "layers");
}

export function layerPath(root: string, diffId: string): string {
  return `${layersDirectory(root)}/${diffId.replace(":", "-")}`;
}

export function emptyDirectory(root: string): string {
  return join(resolve(root), "empty");
}

export function namesDirectory(root: string): string {
  return join(resolve(root), "names");
}

/** HOST/PATH:TAG → HOST/PATH/:TAG, and the same of a digest: a repository's path has no component that begins so. */
export function namePath(root: string, fullName: string): string {
  return join(namesDirectory(root), fullName.replace(/[@:][^/]*$/, "/$&"));
}

export function downloadsDirectory(root: string): string {
  return join(resolve(root), "downloads");
}

export function downloadPath(root: string, digest: string): string {
  return join(downloadsDirectory(root), digest.replace(":", "-"));
}
