import { Failure } from "../../failure.ts";
import { parseWithoutNulls } from "../../shape.ts";
import { BadImage } from "../archive/entry.ts";
import { type Origin, registryDigest } from "../content/names.ts";
import {
  type Descriptor,
  INDEX_DEPTH_MAX,
  INDEX_TYPES,
  isIndex,
  isManifest,
  MANIFEST_BYTES_MAX,
  MANIFEST_TYPES,
  type Manifest,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../manifest/kinds.ts";
import { type Parsed, parseManifest } from "../manifest/parse.ts";
import { chooseImage, fitsHere, platformOf, thisPlatform } from "../manifest/platform.ts";
import { firstThatHas } from "./first-that-has.ts";
import { textOf } from "./http.ts";
import type { Reference } from "./reference.ts";
import { refusal } from "./refusal.ts";
import { ask, type Repository } from "./repository.ts";

/** An image's manifest as a registry has it. */
export interface FoundImage {
  readonly repository: Repository;
  readonly bytes: Buffer;
  readonly origin: Origin;
  readonly manifest: Manifest;
}

const ACCEPT = { accept: [...MANIFEST_TYPES, ...INDEX_TYPES].join(", ") };

/** What is here of an image. */
export interface Stored {
  /** What has that digest. */
  readonly blob: (digest: string) => Buffer | undefined;
  /** What the name meant last. */
  readonly named: Origin | undefined;
}

/** The manifest for this machine, of the first that has the image. Throws the Failure of the last one that answers where none has. */
export async function findImage(
  repositories: readonly Repository[],
  reference: Reference,
  what: string,
  stored: Stored,
): Promise<FoundImage> {
  return firstThatHas(repositories, async (repository) => {
    const search = { repository, what, stored };
    const name = reference.digest ?? reference.tag ?? "latest";
    return (await unchanged(search, name)) ?? (await choose(search, name, 1));
  });
}

interface Search {
  readonly repository: Repository;
  readonly what: string;
  readonly stored: Stored;
}

/** What is here, if the registry still has that by the name: to ask for the digest alone does not count against a limit of pulls. */
async function unchanged({ repository, stored }: Search, name: string): Promise<FoundImage | undefined> {
  const { named: origin } = stored;
  const bytes = origin && stored.blob(origin.manifest.digest);
  if (!bytes) return undefined;
  const answer = await ask(repository, `manifests/${name}`, { method: "HEAD", headers: ACCEPT });
  answer.discard();
  const isSame = answer.status === 200 && answer.headers["docker-content-digest"] === registryDigest(origin);
  const manifest = isSame ? parseWithoutNulls(bytes.toString("utf8")) : undefined;
  return isManifest(manifest) ? { repository, bytes, origin, manifest } : undefined;
}

/** `name`: a tag, or a digest with what an index says about it. */
async function choose(search: Search, name: string, depth: number, listed?: Descriptor): Promise<FoundImage> {
  const { repository, what } = search;
  const { bytes, mediaType } = storedManifest(search, listed) ?? (await fetchManifest(repository, name, what));
  const parsed = parsedIn(what, mediaType, bytes);
  if (parsed === "unknown kind") throw unknownKind(what, mediaType);
  if ("manifest" in parsed) {
    const digest = await digestOf(search, name, bytes);
    const origin = { manifest: { mediaType, digest, size: bytes.length } };
    return { repository, bytes, origin, manifest: parsed.manifest };
  }
  if (depth === INDEX_DEPTH_MAX) throw broken(what, "its indexes of images contain each other");
  const choice = chooseImage(parsed.index);
  const image = "image" in choice ? choice.image : "several" in choice ? choice.several[0] : undefined;
  // The only one may be for another machine: docker and podman refuse it too.
  if (image && fitsHere(image)) {
    const found = await choose(search, image.digest, depth + 1, image);
    return { ...found, origin: { ...found.origin, index: await digestOf(search, name, bytes) } };
  }
  const platforms = image ? platformOf(image) : "platforms" in choice ? choice.platforms.join(", ") : "no machine";
  throw new Failure(`${what}: it is for ${platforms}, and this machine is ${thisPlatform()}`, {
    code: "image-not-found",
  });
}

/** Of a manifest or an index. */
interface Text {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

/** What is here needs no request. */
function storedManifest({ stored }: Search, listed: Descriptor | undefined): Text | undefined {
  const bytes = listed && stored.blob(listed.digest);
  return bytes && listed && { bytes, mediaType: listed.mediaType };
}

/** Matches its digest, where it is asked for by that. */
async function fetchManifest(repository: Repository, name: string, what: string): Promise<Text> {
  const answer = await ask(repository, `manifests/${name}`, { headers: ACCEPT });
  if (answer.status !== 200) throw await refusal(repository.web, what, answer, repository.endpoint.domain);
  const bytes = await textOf(repository.web, answer, MANIFEST_BYTES_MAX);
  const [algorithm = "", hex] = isDigest(name) ? name.split(":") : [];
  if (hex !== undefined && (await sha(bytes, algorithm)) !== hex)
    throw broken(what, `its manifest does not match its digest ${name}`);
  return { bytes, mediaType: mediaTypeOf(answer.headers["content-type"], bytes) };
}

function isDigest(name: string): boolean {
  return name.includes(":");
}

/** Some registries, such as servers of files, answer a type of no use; docker names its own in the file. */
function mediaTypeOf(header = "", bytes: Buffer): string {
  const type = header.split(";", 1)[0]?.trim() ?? "";
  if (MANIFEST_TYPES.has(type) || INDEX_TYPES.has(type)) return type;
  const value = parseWithoutNulls(bytes.toString("utf8"));
  // What could be read as either is neither.
  if (isManifest(value) && !isIndex(value)) return value.mediaType ?? OCI_MANIFEST;
  if (isIndex(value) && !isManifest(value)) return value.mediaType ?? OCI_INDEX;
  return type;
}

/** What is the same as last time has the same digest. */
async function digestOf({ stored: { blob, named } }: Search, name: string, bytes: Buffer): Promise<string> {
  if (isDigest(name)) return name;
  if (named && blob(named.manifest.digest)?.equals(bytes)) return named.manifest.digest;
  return `sha256:${await sha(bytes, "sha256")}`;
}

/** Loaded only here: what hashes takes longer to load than all else that an image takes which is here. */
async function sha(bytes: Buffer, algorithm: string): Promise<string> {
  const { createHash } = await import("node:crypto");
  return createHash(algorithm).update(bytes).digest("hex");
}

function parsedIn(what: string, mediaType: string, bytes: Buffer): Parsed {
  try {
    return parseManifest(mediaType, bytes);
  } catch (error) {
    throw error instanceof BadImage ? broken(what, error.message) : error;
  }
}

function unknownKind(what: string, mediaType: string): Failure {
  if (MANIFEST_TYPES.has(mediaType) || INDEX_TYPES.has(mediaType))
    return broken(what, `its manifest is damaged: it is not what ${JSON.stringify(mediaType)} is`);
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
