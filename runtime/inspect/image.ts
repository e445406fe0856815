import { thisArchitecture } from "../host/architecture.ts";
import { readBlob } from "../image/content/blobs.ts";
import { historyOf, sizeOf } from "../image/content/describe.ts";
import { registryDigest } from "../image/content/names.ts";
import { stackOf } from "../image/content/stack.ts";
import { findStored, namesOfSame, type StoredImage } from "../image/content/stored-image.ts";
import { familiarName, parseReference } from "../image/registry/reference.ts";
import { HOST, isImported } from "../image/resolve.ts";
import { readRecord, rootfsOf } from "../image/store.ts";
import { isMapOf, parseJson, type Shape } from "../shape.ts";
import { type Struct, type Value, withOmitted } from "../template/value.ts";
import { OMITTED_IMAGE_CONFIG } from "./omitted.ts";

/** An image as `docker image inspect` shows it, with docker's names; undefined: there is none of that name or id. Throws Failure. */
export function inspectedImage(root: string, name: string): Struct | undefined {
  if (name === HOST.name)
    return withOlder(withoutLayers({ name, bytes: 0, created: null, config: {}, layers: HOST.layers }));
  if (isImported(root, name)) {
    const { created, bytes, config = {} } = readRecord(root, name);
    return withOlder(withoutLayers({ name, bytes, created, config: { ...config }, layers: [rootfsOf(root, name)] }));
  }
  const image = findStored(root, name);
  return image && withOlder(inLayers(root, image));
}

interface Plain {
  readonly name: string;
  readonly created: string | null;
  readonly bytes: number;
  readonly config: Fields;
  readonly layers: readonly string[];
}

/** It has no digest: its name is its id. */
function withoutLayers({ name, created, bytes, config, layers }: Plain): Struct {
  return {
    Id: name,
    RepoTags: [name],
    RepoDigests: [],
    Comment: "",
    Created: created,
    Author: "",
    Architecture: thisArchitecture(),
    Os: "linux",
    Config: configOf(config),
    Size: bytes,
    GraphDriver: graphOf(layers),
    RootFS: { Type: "layers", Layers: [] },
  };
}

type Fields = Readonly<Record<string, unknown>>;
const isAnything: Shape<unknown> = (_value): _value is unknown => true;
const isFields = isMapOf(isAnything);

/** docker's, of which nothing is known here: a template finds them, JSON leaves them out. */
const OMITTED: Struct = { Parent: "", Container: "", DockerVersion: "", OsVersion: "", Variant: "" };

/** VirtualSize: what docker called Size once. */
function withOlder(image: Struct): Struct {
  return withOmitted(image, { ...OMITTED, VirtualSize: image["Size"] });
}

function inLayers(root: string, image: StoredImage): Struct {
  const value = parseJson(readBlob(root, image.id)?.toString("utf8") ?? "");
  const file: Fields = isFields(value) ? value : {};
  return {
    Id: image.id,
    ...namesOf(root, image),
    Comment: historyOf(root, image)[0]?.comment ?? "",
    Created: text(file["created"]) ?? null,
    Author: text(file["author"]) ?? "",
    Architecture: text(file["architecture"]) ?? "",
    ...(file["variant"] === undefined ? {} : { Variant: text(file["variant"]) }),
    Os: text(file["os"]) ?? "",
    Config: configOf(isFields(file["config"]) ? file["config"] : {}),
    Size: sizeOf(root, image.config.rootfs.diff_ids).bytes,
    GraphDriver: graphOf(stackOf(root, image.config.rootfs.diff_ids)),
    RootFS: { Type: "layers", Layers: image.config.rootfs.diff_ids },
    Metadata: { LastTagTime: image.named.since },
    Manifest: jsonValue(image.named.manifest),
  };
}

/** Where its layers are, as docker has it: the topmost is the upper one. */
function graphOf([upper = "", ...lower]: readonly string[]): Struct {
  return { Name: "overlay2", Data: { LowerDir: lower.join(":"), UpperDir: upper } };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function namesOf(root: string, { named }: StoredImage) {
  const names = namesOfSame(root, named);
  const references = names.map(({ name }) => parseReference(name));
  const tags = references.filter(({ digest: pinned }) => pinned === undefined).map(familiarName);
  // The asked one first: it is the one that scripts take.
  const pinned = [named, ...names].map((one) => {
    const { domain, path } = parseReference(one.name);
    return familiarName({ domain, path, digest: registryDigest(one) });
  });
  return { RepoTags: tags, RepoDigests: [...new Set(pinned)] };
}

/** What the image says of them is kept; a template finds the others empty, as docker's does. */
const EMPTY_CONFIG = {
  User: "",
  Env: null,
  Cmd: null,
  Entrypoint: null,
  WorkingDir: "",
  ExposedPorts: new Map(),
  Volumes: new Map(),
  Labels: new Map(),
  StopSignal: "",
} as const satisfies Struct;

const MAPS = ["ExposedPorts", "Volumes", "Labels"];

function configOf(fields: Fields): Struct {
  const said = Object.entries(fields).map(([key, value]) => [
    key,
    MAPS.includes(key) ? mapOf(value) : jsonValue(value),
  ]);
  const config: Struct = { ...EMPTY_CONFIG, ...Object.fromEntries(said) };
  return withOmitted(config, OMITTED_IMAGE_CONFIG);
}

/** An imported image has them as a list. */
function mapOf(value: unknown): Value {
  if (Array.isArray(value)) return new Map(value.map((key) => [String(key), {}]));
  return isFields(value) ? new Map(Object.entries(value).map(([key, one]) => [key, jsonValue(one)])) : null;
}

function jsonValue(value: unknown): Value {
  if (Array.isArray(value)) return value.map(jsonValue);
  if (isFields(value)) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, jsonValue(one)]));
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}
