import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** What `make -C native` builds. */
export interface Artefacts {
  readonly library: string;
  readonly init: string;
  readonly monitor: string;
  readonly proxy: string;
}

// A bundle in dist/ or .devtool/ is one folder deep in the project, this source two.
export const SOURCES = join(
  dirname(import.meta.filename),
  import.meta.filename.endsWith(".ts") ? "../../native/" : "../native/",
);

/** Where make builds it unless the sources are another user's. */
export function builtInPlace(): Artefacts | undefined {
  const built = artefactsIn(join(SOURCES, "build"));
  return isThere(built) ? built : undefined;
}

export function artefactsIn(directory: string): Artefacts {
  const program = (name: string) => join(directory, `tinydocker-${name}`);
  const library = join(directory, "libtinydocker.so");
  return { library, init: program("init"), monitor: program("monitor"), proxy: program("proxy") };
}

export function isThere(artefacts: Artefacts): boolean {
  return Object.values(artefacts).every((path) => existsSync(path));
}
