import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { toBytes } from "../paths/bytes.ts";
import type { HostFacts } from "../targets/target.ts";
import type { BuildStep } from "./step.ts";

/** What a step was built from. It is stored in the mirror too, next to what was built. */
export interface Stamp {
  /** Path below the step's folder → SHA-256 of its content. */
  readonly files: ReadonlyMap<string, string>;
  /** What else the result depends on: the command and the machine. */
  readonly how: string;
}

/** Returns what the step would be built from now. */
export async function currentStamp(root: string, step: BuildStep, { arch, libc }: HostFacts): Promise<Stamp> {
  const files = new Map<string, string>();
  const visit = async (path: string): Promise<void> => {
    for (const entry of await readdir(join(root, step.folder, path), { withFileTypes: true })) {
      const inner = posix.join(path, entry.name);
      if (!step.inputs.includes(toBytes(posix.join(step.folder, inner)), entry.isDirectory())) continue;
      if (entry.isDirectory()) await visit(inner);
      else files.set(inner, await digest(join(root, step.folder, inner)));
    }
  };
  await visit("");
  return { files, how: JSON.stringify([step.argv, arch, libc]) };
}

async function digest(file: string): Promise<string> {
  const content = await readFile(file).catch(() => Buffer.alloc(0)); // removed meanwhile: the next round will see that
  return createHash("sha256").update(content).digest("hex");
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

/** `last` without the files that changed since. */
export function withoutChanged(last: Stamp, { changed }: Difference): Stamp {
  const files = new Map(last.files);
  for (const path of changed) files.delete(path);
  return { ...last, files };
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
