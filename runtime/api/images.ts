/// <reference types="node" preserve="true" />
import { stateRoot } from "../state/root.ts";
import { checkedName } from "./check.ts";
import { checkedImport, checkedLoad, checkedPull } from "./check-images.ts";

/** An image that is stored here. */
export interface Image {
  readonly name: string;
  /** When it was imported or got that name here; ISO 8601, UTC. */
  readonly created: string;
  /** The size of its files' contents, a hard link counted once. */
  readonly bytes: number;
  /** The number of its files, directories not counted. */
  readonly files: number;
  /** What it says about its containers; only an image that was imported in layers, pulled or loaded has one. */
  readonly config?: ImageConfig;
  /** The digests of its configuration, by which it can be named, and the one that it has in its registry; only one that was pulled or loaded has them. */
  readonly id?: string;
  readonly digest?: string;
}

/** By the names of the OCI image-spec; what is empty is left out. An image that was imported in layers has the first five. */
export interface ImageConfig {
  readonly User?: string;
  /** KEY=VALUE each. */
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
  /** PORT[/PROTOCOL] each. */
  readonly ExposedPorts?: readonly string[];
  /** Absolute paths, which are volumes of each container. */
  readonly Volumes?: readonly string[];
  readonly StopSignal?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

export interface ImportedImage extends Image {
  /** One sentence each, such as which kinds of files were left out. */
  readonly warnings: readonly string[];
}

/**
 * Makes an image from a root file system, or from the layers that `docker save` or an OCI tool wrote: a tar archive, plain or compressed with gzip or zstd, by its path or its bytes,
 * or a directory. The image is stored completely or not at all; a stream is destroyed, whether it was read or not.
 * @throws Failure when an image of that name exists, or the source can't be read or is not a root file system; the reason
 * of `signal` when it is aborted
 */
export async function importImage(
  name: string,
  source: string | AsyncIterable<Uint8Array>,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ImportedImage> {
  const checked = checkedImport(name, source, options);
  try {
    const { importImage: run } = await import("../image/import.ts");
    const { hints } = await import("../image/hints.ts");
    const imported = await run({ root: stateRoot(), progress: () => {}, ...checked });
    return { ...imported.record, warnings: hints(imported) };
  } finally {
    checked.stdin.destroy();
  }
}

export interface PulledImage {
  /** As docker prints it, such as `debian:13`. */
  readonly name: string;
  /** The digest of its configuration, by which it can be named. */
  readonly id: string;
  /** By which its registry knows it: of its manifest, or of the index in which that is. */
  readonly digest: string;
  /** The name meant this image already, and all of it was there. */
  readonly upToDate: boolean;
  /** One sentence each, such as what of the image has no effect here. */
  readonly warnings: readonly string[];
}

/** What becomes of a layer, in this order; some are left out. `waiting`: another process fetches it; `present`: it was there. */
export type LayerState = "waiting" | "downloading" | "unpacking" | "done" | "present";

export interface LayerProgress {
  readonly digest: string;
  readonly state: LayerState;
  /** Of the archive as the registry has it, how much is here. */
  readonly bytes: number;
  readonly size: number;
}

export interface PullOptions {
  readonly signal?: AbortSignal | undefined;
  /** Is told what becomes of each layer. */
  readonly progress?: ((layer: LayerProgress) => void) | undefined;
}

/**
 * Fetches an image from its registry, by its name as docker reads it: `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`. It is stored completely
 * or not at all; what had arrived when it was aborted, or this process was killed, is used by the next pull. Credentials,
 * certificates, proxies and registries.json are found by this process's environment, as on the command line.
 *
 * @example
 * await pullImage("nginx:alpine");
 * const web = await start({ name: "web", image: "nginx:alpine", args: [], ports: ["8080:80"] });
 *
 * @throws Failure when the registry does not give it, or it is not what its digests say; the reason of `signal` when it is aborted
 */
export async function pullImage(name: string, options: PullOptions = {}): Promise<PulledImage> {
  const { name: checked, ...rest } = checkedPull(name, options);
  const { pullImage: run } = await import("../image/pull/pull.ts");
  const { hintsOf } = await import("../image/hints.ts");
  const { familiarName, parseReference } = await import("../image/registry/reference.ts");
  const reference = parseReference(checked);
  const { id, digest, upToDate, notes } = await run({ root: stateRoot(), reference, env: process.env, ...rest });
  return { name: familiarName(reference), id, digest, upToDate, warnings: hintsOf(notes) };
}

/**
 * Stores the images that `docker save`, buildah or another OCI tool wrote: an archive, plain or compressed with gzip or zstd, by
 * its path or its bytes, or the directory of an OCI layout. Each is stored completely or not at all, under its names there or the
 * one of `options`; returns those. A stream is destroyed, whether it was read or not.
 *
 * @throws Failure when the source can't be read or is not what it says; the reason of `signal` when it is aborted
 */
export async function loadImages(
  source: string | AsyncIterable<Uint8Array>,
  options: PullOptions & { readonly name?: string | undefined } = {},
): Promise<string[]> {
  const checked = checkedLoad(source, options);
  try {
    const { loadImages: run } = await import("../image/load/load.ts");
    return await run({ root: stateRoot(), ...checked });
  } finally {
    checked.stdin.destroy();
  }
}

/** The images that are stored, the imported ones first, each sorted by name; the built-in image `host` is not one of them. */
export async function listImages(): Promise<Image[]> {
  const { imageNames, readRecord } = await import("../image/store.ts");
  const { storedImages } = await import("../image/content/describe.ts");
  const root = stateRoot();
  return [...imageNames(root).map((name) => readRecord(root, name)), ...storedImages(root)];
}

/** By its name or its id; of one with several names, only the name. @throws Failure when there is no such image, or a container uses it */
export async function removeImage(name: string): Promise<void> {
  const checked = checkedName(name);
  const { removeImage: run } = await import("../image/remove.ts");
  await run(stateRoot(), checked);
}
