import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What `make -C native` builds. */
export interface Artefacts {
  readonly library: string;
  readonly init: string;
}

// A bundle in dist/ or .devtool/ is one folder deep in the project, this source two.
export const SOURCES = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../native/" : "../native/", import.meta.url),
);

/** Where make builds it unless the sources are another user's. */
export function builtInPlace(): Artefacts | undefined {
  const built = artefactsIn(join(SOURCES, "build"));
  return isThere(built) ? built : undefined;
}

export function artefactsIn(directory: string): Artefacts {
  return { library: join(directory, "libtinydocker.so"), init: join(directory, "tinydocker-init") };
}

export function isThere({ library, init }: Artefacts): boolean {
  return existsSync(library) && existsSync(init);
}
