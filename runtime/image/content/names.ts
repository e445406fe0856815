import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isRecordOf, isText, parseJson, type Shaped } from "../../shape.ts";
import { isDescriptor } from "../manifest/kinds.ts";
import { namePath, namesDirectory } from "./places.ts";
import { isLeft, underWayPrefix } from "./under-way.ts";

/** Which image a name means. */
const isNamedImage = isRecordOf(
  {
    /** HOST/PATH:TAG or HOST/PATH@DIGEST. */
    name: isText,
    manifest: isDescriptor,
    /** When it was given that name here; ISO 8601, UTC. */
    since: isText,
  },
  {
    /** The digest of what its registry had by that name, if that was an index which has the manifest. */
    index: isText,
  },
);
export type NamedImage = Shaped<typeof isNamedImage>;

/** What a registry has by a name. */
export type Origin = Pick<NamedImage, "manifest" | "index">;

/** The digest by which the registry knows it. */
export function registryDigest({ manifest, index }: Origin): string {
  return index ?? manifest.digest;
}

/** Undefined: no image has that name. A damaged file counts as none: pulling or removing the image repairs it. */
export function readName(root: string, fullName: string): NamedImage | undefined {
  const found = readRecord(namePath(root, fullName));
  return found?.name === fullName ? found : undefined;
}

function readRecord(path: string): NamedImage | undefined {
  try {
    const value = parseJson(readFileSync(path, "utf8"));
    return isNamedImage(value) ? value : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** In the order of their names. */
export function allNames(root: string): NamedImage[] {
  const files = filesIn(root, { recursive: true }).filter((file) => /^[:@]/.test(basename(file)));
  const images = files.flatMap((file) => readRecord(join(namesDirectory(root), file)) ?? []);
  return images.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The images that processes which still run are about to name. */
export function namesUnderWay(root: string): NamedImage[] {
  const files = filesIn(root).filter((file) => file.startsWith(".") && !isLeft(file));
  return files.flatMap((file) => readRecord(join(namesDirectory(root), file)) ?? []);
}

/** Removes what killed processes left. */
export function clearNamesUnderWay(root: string): void {
  for (const file of filesIn(root).filter(isLeft)) rmSync(join(namesDirectory(root), file), { force: true });
}

export interface NameUnderWay {
  /** The name means the image from now on. */
  publish(): void;
  /** Nothing is left of it. */
  drop(): void;
}

let count = 0;

/** From here on nothing that the image consists of is removed, although the name does not mean it yet. */
export function beginName(root: string, image: NamedImage): NameUnderWay {
  const directory = namesDirectory(root);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  count += 1;
  const path = join(directory, `${underWayPrefix()}${count}`);
  const drop = () => rmSync(path, { force: true });
  try {
    writeFileSync(path, `${JSON.stringify(image)}\n`, { mode: 0o600, flush: true });
  } catch (error) {
    drop();
    throw error;
  }
  return {
    publish: () => {
      const published = namePath(root, image.name);
      mkdirSync(dirname(published), { recursive: true, mode: 0o700 });
      renameSync(path, published);
    },
    drop,
  };
}

/** Returns whether there was one. */
export function removeName(root: string, fullName: string): boolean {
  const path = namePath(root, fullName);
  if (!existsSync(path)) return false;
  rmSync(path, { force: true });
  return true;
}

function filesIn(root: string, options = {}): string[] {
  try {
    return readdirSync(namesDirectory(root), { encoding: "utf8", ...options });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
