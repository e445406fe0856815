import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { fromSystem, joinPath, localPath } from "../paths/bytes.ts";
import type { TargetFacts } from "../targets/target.ts";
import type { BuildStep } from "./step.ts";

/** What a step was built from. It is stored in the mirror too, next to what was built. */
export interface Stamp {
  /** Path in the project, as bytes → SHA-256 of its content. */
  readonly files: ReadonlyMap<string, string>;
  /** What else the result depends on: the command and the machine. */
  readonly how: string;
}

/** Content that was read before: path → its file's identity, and its SHA-256. */
export type Digests = Map<string, { readonly file: string; readonly sum: string }>;

/** Returns what the step would be built from now. Reads only what `digests` does not have. */
export async function currentStamp(
  root: string,
  step: BuildStep,
  { arch, libc }: TargetFacts,
  digests: Digests,
): Promise<Stamp> {
  const files = new Map<string, string>();
  const visit = async (folder: string): Promise<void> => {
    for (const entry of await entriesOf(root, folder)) {
      const path = joinPath(folder, fromSystem(entry.name));
      if (!step.inputs.includes(path, entry.isDirectory())) continue;
      if (entry.isDirectory()) await visit(path);
      else files.set(path, await digest(root, path, digests));
    }
  };
  await visit("");
  return { files, how: JSON.stringify([step.argv, arch, libc]) };
}

/** None for a folder that was removed meanwhile: the next round will see that. */
async function entriesOf(root: string, folder: string) {
  const place = localPath(root, folder === "" ? "." : folder);
  return await readdir(place, { withFileTypes: true, encoding: "latin1" }).catch(() => []);
}

const EMPTY = Buffer.alloc(0);

async function digest(root: string, path: string, digests: Digests): Promise<string> {
  const place = localPath(root, path);
  const found = await stat(place, { bigint: true }).catch(() => undefined);
  const file = [found?.ino, found?.size, found?.mtimeNs, found?.ctimeNs].join();
  const known = digests.get(path);
  if (known?.file === file) return known.sum;
  // Not a FIFO, which would wait for a writer. What was removed meanwhile, the next round will see.
  const content = found?.isFile() ? await readFile(place).catch(() => EMPTY) : EMPTY;
  const sum = createHash("sha256").update(content).digest("hex");
  digests.set(path, { file, sum });
  return sum;
}

export interface Difference {
  /** Paths of files that are new or have changed. */
  readonly changed: readonly string[];
  /** Whether files were removed, or the command or the machine is another one. */
  readonly needsAll: boolean;
}

/** Returns undefined when nothing differs. */
export function difference(last: Stamp, now: Stamp): Difference | undefined {
  const changed = [...now.files].filter(([path, sum]) => last.files.get(path) !== sum).map(([path]) => path);
  const needsAll = last.how !== now.how || [...last.files.keys()].some((path) => !now.files.has(path));
  return changed.length > 0 || needsAll ? { changed, needsAll } : undefined;
}

/** What no file's content has. */
const UNKNOWN = "";

/** `last` with files that differ from any content of theirs, and are known: one that is removed is a change too. */
export function withUnknown(last: Stamp, { changed }: Difference): Stamp {
  return { ...last, files: new Map([...last.files, ...changed.map((path) => [path, UNKNOWN] as const)]) };
}

export function encodeStamp({ files, how }: Stamp): string {
  return JSON.stringify({ files: Object.fromEntries(files), how });
}

/** Returns undefined for text that encodeStamp() did not write: anyone on the target may have changed the file. */
export function decodeStamp(text: string): Stamp | undefined {
  const value = parseJson(text);
  if (!isRecord(value) || !isRecord(value["files"]) || typeof value["how"] !== "string") return undefined;
  const files = new Map<string, string>();
  for (const [path, sum] of Object.entries(value["files"])) {
    if (typeof sum !== "string") return undefined;
    files.set(path, sum);
  }
  return { files, how: value["how"] };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
