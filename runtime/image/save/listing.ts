import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../failure.ts";
import { parseJson, type Shape, type Shaped } from "../../shape.ts";
import type { StoredImage } from "../content/stored-image.ts";
import { type Descriptor, type DockerImage, isDockerList, isIndex, OCI_INDEX } from "../manifest/kinds.ts";
import { fullName, parseReference } from "../registry/reference.ts";

export const INDEX_FILE = "index.json";
export const DOCKER_FILE = "manifest.json";

/** What says which images there are: an OCI layout's index, with each name, and docker's list, with each image. */
export interface Listing {
  readonly index: Shaped<typeof isIndex>;
  readonly docker: readonly DockerImage[];
}

export function listing(images: readonly StoredImage[]): Listing {
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: images.map(descriptorOf) };
  return { index, docker: withoutTwins(images.map(dockerImageOf)) };
}

/** With what a directory has already under other names, as skopeo and podman add to a layout. Throws Failure. */
export function listedBeside(directory: string, { index, docker }: Listing): Listing {
  const there = read(join(directory, INDEX_FILE), isIndex) ?? { manifests: [] };
  const others = there.manifests.filter((one) => !index.manifests.some((added) => isSameName(one, added)));
  const tags = new Set(docker.flatMap(({ RepoTags }) => RepoTags ?? []));
  const dockerThere = read(join(directory, DOCKER_FILE), isDockerList) ?? [];
  return {
    index: { ...there, ...index, manifests: [...others, ...index.manifests] },
    docker: withoutTwins([...dockerThere.flatMap((image) => withoutTags(image, tags)), ...docker]),
  };
}

/** Returns undefined where there is no such file. */
function read<T>(path: string, shape: Shape<T>): T | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const value = parseJson(text);
  if (shape(value)) return value;
  throw new Failure(`can't add to what ${path} lists: it is damaged`, {
    code: "image-invalid",
    remedy: "name an empty directory, or a file, such as -o IMAGE.tar",
  });
}

/** By both names under which tools look for it. */
const FULL_NAME = "io.containerd.image.name";
const REF_NAME = "org.opencontainers.image.ref.name";

function descriptorOf({ named }: StoredImage): Descriptor {
  const { tag } = parseReference(named.name);
  return { ...named.manifest, annotations: { [FULL_NAME]: named.name, [REF_NAME]: tag ?? named.name } };
}

/** skopeo, podman and umoci write the second name alone. */
function isSameName({ annotations: there = {} }: Descriptor, { annotations: added = {} }: Descriptor): boolean {
  const name = there[FULL_NAME] === undefined ? REF_NAME : FULL_NAME;
  return there[name] !== undefined && there[name] === added[name];
}

/** The tag with its host, as skopeo and podman write it: without one, podman would take it for an image of its own host. */
function dockerImageOf({ named, manifest }: StoredImage): DockerImage {
  return {
    Config: pathOf(manifest.config.digest),
    RepoTags: parseReference(named.name).tag === undefined ? [] : [named.name],
    Layers: manifest.layers.map(({ digest }) => pathOf(digest)),
  };
}

/** Nothing where these were all that it had. */
function withoutTags(image: DockerImage, tags: ReadonlySet<string>): DockerImage[] {
  const { RepoTags } = image;
  if (!RepoTags || RepoTags.length === 0) return [image];
  const left = RepoTags.filter((tag) => !tags.has(fullName(parseReference(tag))));
  return left.length > 0 ? [{ ...image, RepoTags: left }] : [];
}

/** One entry for each image, with all of its tags. */
function withoutTwins(images: readonly DockerImage[]): DockerImage[] {
  const found = new Map<string, DockerImage>();
  for (const image of images) {
    const key = JSON.stringify([image.Config, image.Layers]);
    const twin = found.get(key);
    found.set(key, { ...image, RepoTags: [...(twin?.RepoTags ?? []), ...(image.RepoTags ?? [])] });
  }
  return [...found.values()];
}

export function pathOf(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}
