import { createHash } from "node:crypto";
import { Failure } from "../../failure.ts";
import { parseJson } from "../../shape.ts";
import { checkedDigest } from "../layers/blob.ts";
import {
  CONFIG_TYPES,
  type Descriptor,
  INDEX_DEPTH_MAX,
  INDEX_TYPES,
  isIndex,
  isManifest,
  MANIFEST_BYTES_MAX,
  MANIFEST_TYPES,
  type Manifest,
} from "../manifest/kinds.ts";
import { chooseImage, thisPlatform } from "../manifest/platform.ts";
import { textOf } from "./http.ts";
import type { Reference } from "./reference.ts";
import { refusal } from "./refusal.ts";
import { ask, type Repository } from "./repository.ts";

/** An image's manifest as a registry has it. */
export interface FoundImage {
  readonly repository: Repository;
  readonly bytes: Buffer;
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

const ACCEPT = { accept: [...MANIFEST_TYPES, ...INDEX_TYPES].join(", ") };

/** The manifest for this machine, of the first that has the image. Throws the last one's Failure where none has. */
export async function findImage(
  repositories: readonly Repository[],
  reference: Reference,
  what: string,
  stored: (digest: string) => Buffer | undefined,
): Promise<FoundImage> {
  let failure: unknown;
  for (const repository of repositories) {
    try {
      return await choose({ repository, what, stored }, reference.digest ?? reference.tag ?? "latest", 1);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failure = error;
    }
  }
  throw failure;
}

interface Search {
  readonly repository: Repository;
  readonly what: string;
  readonly stored: (digest: string) => Buffer | undefined;
}

/** `name`: a tag, or a digest with what an index says about it. */
async function choose(search: Search, name: string, depth: number, listed?: Descriptor): Promise<FoundImage> {
  const { repository, what } = search;
  const { bytes, descriptor } = storedManifest(search, listed) ?? (await fetchManifest(repository, name, what));
  const value = parseJson(bytes.toString("utf8"));
  if (MANIFEST_TYPES.has(descriptor.mediaType) && isManifest(value))
    return { repository, bytes, descriptor, manifest: checked(value, what) };
  if (!INDEX_TYPES.has(descriptor.mediaType) || !isIndex(value)) throw unknownKind(what, descriptor.mediaType);
  if (depth === INDEX_DEPTH_MAX) throw broken(what, "its indexes of images contain each other");
  const choice = chooseImage(value.manifests);
  const image = "image" in choice ? choice.image : "several" in choice ? choice.several[0] : undefined;
  if (image) return choose(search, checkedIn(what, image.digest), depth + 1, image);
  const platforms = "platforms" in choice ? choice.platforms.join(", ") : "nothing";
  throw new Failure(`${what}: it is for ${platforms}, and this machine is ${thisPlatform()}`, {
    code: "image-not-found",
  });
}

/** What is here needs no request. */
function storedManifest({ stored }: Search, listed: Descriptor | undefined) {
  const bytes = listed && stored(listed.digest);
  return (
    bytes && listed && { bytes, descriptor: { mediaType: listed.mediaType, digest: listed.digest, size: bytes.length } }
  );
}

async function fetchManifest(
  repository: Repository,
  name: string,
  what: string,
): Promise<{ bytes: Buffer; descriptor: Descriptor }> {
  const answer = await ask(repository, `manifests/${name}`, { headers: ACCEPT });
  if (answer.status !== 200) throw await refusal(repository.web, what, answer);
  const bytes = await textOf(repository.web, answer, MANIFEST_BYTES_MAX);
  const mediaType = mediaTypeOf(answer.headers["content-type"], bytes);
  const digest = name.includes(":") ? name : `sha256:${sha(bytes, "sha256")}`;
  const [algorithm = "", hex] = digest.split(":");
  if (sha(bytes, algorithm) !== hex) throw broken(what, `its manifest does not match its digest ${digest}`);
  return { bytes, descriptor: { mediaType, digest, size: bytes.length } };
}

/** Some registries answer a type of no use; a manifest may name its own. */
function mediaTypeOf(header = "", bytes: Buffer): string {
  const type = header.split(";", 1)[0]?.trim() ?? "";
  if (MANIFEST_TYPES.has(type) || INDEX_TYPES.has(type)) return type;
  const value = parseJson(bytes.toString("utf8"));
  const named = isManifest(value) ? value.mediaType : undefined;
  return named ?? type;
}

function sha(bytes: Buffer, algorithm: string): string {
  return createHash(algorithm).update(bytes).digest("hex");
}

/** Above docker's own 125; overlayfs takes 500, and the options of one mount fit on a page up to here. */
const LAYERS_MAX = 250;
/** 64 GiB, as of an import. */
const LAYER_BYTES_MAX = 64 * 1_024 ** 3;

function checked(manifest: Manifest, what: string): Manifest {
  const { config, layers } = manifest;
  if (!CONFIG_TYPES.has(config.mediaType))
    throw broken(what, `it is not an image of a container, but ${JSON.stringify(config.mediaType)}`);
  if (layers.length > LAYERS_MAX) throw broken(what, `it has ${layers.length} layers, and ${LAYERS_MAX} is the most`);
  for (const { digest, size } of [config, ...layers]) {
    checkedIn(what, digest);
    if (!(size >= 0 && size <= LAYER_BYTES_MAX))
      throw broken(what, `its manifest says that ${digest} has ${size} bytes`);
  }
  if (config.size > MANIFEST_BYTES_MAX)
    throw broken(what, `its configuration has ${config.size} bytes, and ${MANIFEST_BYTES_MAX} is the most`);
  return manifest;
}

function checkedIn(what: string, digest: string): string {
  try {
    return checkedDigest(digest);
  } catch (error) {
    throw broken(what, (error as Error).message);
  }
}

function unknownKind(what: string, mediaType: string): Failure {
  const isOld = /\.v1\+/.test(mediaType) && mediaType.includes("docker");
  const isPage = mediaType.includes("html");
  const kind = isPage
    ? "the registry answers a web page"
    : `its manifest is of an unknown kind, ${JSON.stringify(mediaType)}`;
  return new Failure(`${what}: ${kind}`, {
    code: "registry-failed",
    ...(isOld ? { remedy: "it is of before 2016: pull and push it with an older docker first" } : {}),
    ...(isPage ? { remedy: "is that host a registry, or is a proxy in between?" } : {}),
  });
}

export function broken(what: string, why: string): Failure {
  return new Failure(`${what}: ${why}`, { code: "image-invalid" });
}
