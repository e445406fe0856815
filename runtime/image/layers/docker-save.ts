import { isEither, isListOf, isOneOf, isRecordOf, isText, parseWithoutNulls } from "../../shape.ts";
import { BadImage } from "../archive/entry.ts";
import { type Blob, readText } from "./blob.ts";
import type { Manifest } from "./manifest.ts";

/** moby's image/spec/v1.2.md: a list of the images in the archive. */
export const DOCKER_MANIFEST = "manifest.json";

const isManifest = isListOf(
  isRecordOf({ Config: isText, Layers: isListOf(isText) }, { RepoTags: isEither(isListOf(isText), isOneOf(null)) }),
);

/** Undefined where the file is another program's. Throws BadImage when there are several images. */
export async function readDockerManifest(directory: string): Promise<Manifest | undefined> {
  const images = parseWithoutNulls(await readText(directory, { path: DOCKER_MANIFEST }));
  if (!isManifest(images)) return undefined;
  const [image] = images;
  if (images.length > 1)
    throw notOneImage(
      images.flatMap(({ RepoTags }) => RepoTags ?? []),
      images.length,
    );
  return image && { config: named(image.Config), layers: image.Layers.map(named) };
}

export function notOneImage(names: readonly string[], count: number): BadImage {
  if (count === 0) return new BadImage("it has no image");
  const list = names.length > 0 ? ` (${names.join(", ")})` : "";
  const command = `docker save ${names[0] ?? "IMAGE"} | tinydocker image import NAME -`;
  return new BadImage(`it has ${count} images${list}, and one can be imported; save that alone, as in \`${command}\``);
}

/** The configuration, and since docker 25 the layers too, are named after their digest. */
function named(path: string): Blob {
  const [, hex] = /^(?:blobs\/sha256\/)?([a-f0-9]{64})(?:\.json)?$/.exec(path) ?? [];
  return { path, digest: hex === undefined ? undefined : `sha256:${hex}` };
}
