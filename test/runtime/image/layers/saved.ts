import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { archive, type RawEntry } from "../archive/archive.ts";

/** A saved image as its files: path → content. Written byte by byte, so that a test can make what no tool would. */
export type Files = Record<string, Buffer>;

export interface Saved {
  /** The lowest first; each is an archive. */
  readonly layers: readonly Buffer[];
  readonly compress?: (layer: Buffer) => Buffer;
  readonly config?: object;
  readonly architecture?: string;
  readonly os?: string;
  /** Default: that of a plain archive, whatever it is. */
  readonly layerType?: string;
}

export const ARCHITECTURE = process.arch === "x64" ? "amd64" : process.arch;

function sha256(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function configFile({ layers, config = {}, architecture = ARCHITECTURE, os = "linux" }: Saved): Buffer {
  return json({ architecture, os, config, rootfs: { type: "layers", diff_ids: layers.map(sha256) } });
}

export function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** As docker wrote it before version 25. */
export function dockerSave(saved: Saved): Files {
  const config = configFile(saved);
  const name = `${sha256(config).slice(7)}.json`;
  const layers = saved.layers.map((_, index) => `layer${index}/layer.tar`);
  return {
    ...Object.fromEntries(layers.map((path, index) => [path, saved.layers[index] ?? Buffer.alloc(0)])),
    [name]: config,
    "manifest.json": json([{ Config: name, RepoTags: ["busybox:latest"], Layers: layers }]),
  };
}

/** By the OCI image-spec's image-layout.md. */
export function ociLayout(saved: Saved): Files {
  const files: Files = { "oci-layout": json({ imageLayoutVersion: "1.0.0" }) };
  files["index.json"] = json({ schemaVersion: 2, manifests: [addImage(files, saved)] });
  return files;
}

/** Adds an image's blobs, and returns the descriptor of its manifest. */
export function addImage(files: Files, saved: Saved): Descriptor {
  const { compress = (layer) => layer, architecture = ARCHITECTURE, os = "linux" } = saved;
  const { layerType = "application/vnd.oci.image.layer.v1.tar" } = saved;
  const layers = saved.layers.map((layer) => add(files, compress(layer), layerType));
  const config = add(files, configFile(saved), "application/vnd.oci.image.config.v1+json");
  const manifest = json({ schemaVersion: 2, config, layers });
  return { ...add(files, manifest, "application/vnd.oci.image.manifest.v1+json"), platform: { architecture, os } };
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string; readonly os: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

export function add(files: Files, bytes: Buffer, mediaType: string): Descriptor {
  const digest = sha256(bytes);
  files[`blobs/${digest.replace(":", "/")}`] = bytes;
  return { mediaType, digest, size: bytes.length };
}

/** As an archive; extra entries first. */
export function packed(files: Files, ...extra: RawEntry[]): Buffer {
  return archive(...extra, ...Object.entries(files).map(([name, content]) => ({ name, content })));
}

export function written(files: Files, directory: string): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
}
