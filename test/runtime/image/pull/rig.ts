import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { LayerProgress } from "../../../../runtime/image/pull/progress.ts";
import { type Pulled, pullImage } from "../../../../runtime/image/pull/pull.ts";
import type { Pull } from "../../../../runtime/image/pull/request.ts";
import { parseReference } from "../../../../runtime/image/registry/reference.ts";
import { archive, type RawEntry } from "../archive/archive.ts";

/** Pulls without long pauses. */
export function pull(
  root: string,
  { host, env }: { host: string; env: NodeJS.ProcessEnv },
  name = "image",
  options: Partial<Pull> = {},
): Promise<Pulled> {
  return pullImage({
    root,
    reference: parseReference(`${host}/${name}`),
    env,
    signal: new AbortController().signal,
    progress: () => {},
    silence: 500,
    pauses: [1, 1, 1],
    ...options,
  });
}

/** The states of the layers of a pull, in order. */
export function recorder(): { progress: (layer: LayerProgress) => void; states: () => string[] } {
  const seen: LayerProgress[] = [];
  return { progress: (layer) => seen.push(layer), states: () => [...new Set(seen.map(({ state }) => state))] };
}

/** What the store has, without what can be found again; "" for an empty one. */
export function stored(root: string): string[] {
  return ["names", "layers", "downloads", "blobs/sha256"].flatMap((part) => {
    const directory = join(root, part);
    return existsSync(directory) ? readdirSync(directory).map((name) => `${part}/${name}`) : [];
  });
}

export function layer(...entries: RawEntry[]): Buffer {
  return archive(...entries);
}
