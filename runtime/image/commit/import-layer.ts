import { statSync } from "node:fs";
import type { Readable } from "node:stream";
import { imageEvent } from "../../events/image.ts";
import { Failure } from "../../failure.ts";
import { openShim } from "../../host/shim.ts";
import { decompress } from "../archive/compression/decompress.ts";
import { BadImage } from "../archive/entry.ts";
import { openSource } from "../archive/source.ts";
import { readTar } from "../archive/tar/tar.ts";
import { Notes } from "../notes.ts";
import { familiarName, type Reference } from "../registry/reference.ts";
import { systemFailure } from "../system-failure.ts";
import { withChanges } from "./change.ts";
import { commitImage } from "./commit.ts";

export interface ImportLayer {
  /** stateRoot(). */
  readonly root: string;
  /** A tar archive, plain or compressed; "-": on `stdin`. */
  readonly source: string;
  readonly stdin: Readable;
  readonly name: Reference | undefined;
  /** Instructions of a Dockerfile. */
  readonly change: readonly string[];
  readonly message: string;
  readonly signal: AbortSignal;
}

/** Stores an image of one layer, as `docker import` makes it. Returns its id. Throws Failure, or the signal's reason. */
export async function importLayer({
  root,
  source,
  stdin,
  name,
  change,
  message,
  signal,
}: ImportLayer): Promise<string> {
  const config = withChanges({}, change);
  const what = `can't import ${source === "-" ? "standard input" : source}`;
  try {
    if (source !== "-" && statSync(source).isDirectory())
      throw new Failure(`${what}: it is a directory`, {
        code: "source-unreadable",
        remedy: `tar -C ${source} -c . | tinydocker import - ${name ? familiarName(name) : "NAME:TAG"}`,
      });
    const written = readTar(decompress(await openSource(source, stdin, signal)), { notes: new Notes() });
    const about = { author: "", command: "", message: message || `Imported from ${source}` };
    const id = await commitImage({
      shim: await openShim(),
      root,
      layers: [],
      written,
      configOf: () => config,
      name,
      by: "import",
      signal,
      ...about,
    });
    imageEvent(root, "import", name ? familiarName(name) : id);
    return id;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof BadImage)
      throw new Failure(`${what}: ${error.message}`, { code: "image-invalid", cause: error });
    throw systemFailure(what, root, "import-failed", error);
  }
}
