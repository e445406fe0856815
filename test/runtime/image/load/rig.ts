import { Readable } from "node:stream";
import type { Load } from "../../../../runtime/image/load/load.ts";

/** `source`: a file or a directory. */
export function loading(root: string, source: string, name?: string): Load {
  return {
    root,
    source,
    stdin: Readable.from([]),
    name,
    signal: new AbortController().signal,
    progress: () => {},
  };
}
