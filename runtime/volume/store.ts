import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { recordEvent } from "../events/record.ts";
import { Failure } from "../failure.ts";
import { makeDirectory } from "../host/make-directory.ts";
import { thisProcess } from "../host/process.ts";
import { isBoolean, isMapOf, isOneOf, isRecordOf, isText, isWhole, parseJson, type Shape } from "../shape.ts";
import { isBelow } from "../spec/path.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import type { VolumeOptions } from "../spec/volume-options.ts";

/** A directory that containers share and that stays when they are removed: NAME/_data, and this in NAME/volume.json. */
export interface Volume {
  readonly version: 1;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly labels: Readonly<Record<string, string>>;
  /** It was made for one container, without a name of its own. */
  readonly anonymous: boolean;
  /** `device` is a directory of this machine, to which _data is a link. */
  readonly options?: VolumeOptions;
}

const isVolume: Shape<Volume> = isRecordOf(
  {
    version: isOneOf(1),
    name: isText,
    created: isWhole,
    labels: isMapOf(isText),
    anonymous: isBoolean,
  },
  { options: isMapOf(isText) },
);

/** `root`: the state directory. A name in it that begins with a dot is being made or removed. */
export function volumesDirectory(root: string): string {
  return join(root, "volumes");
}

/** A name that nobody chose, of a volume for one container. */
export function isAnonymous(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}

/** What a container sees of it. */
export function dataOf(root: string, name: string): string {
  return join(volumesDirectory(root), name, "_data");
}

/** The volumes of a container, by name, with where it sees them. */
export function volumesIn({ mounts }: Pick<ContainerSpec, "mounts">, root: string) {
  const directory = volumesDirectory(root);
  return mounts
    .filter(({ type, source }) => type === "bind" && isBelow(source, directory))
    .map((mount) => ({ name: mount.source.slice(directory.length + 1).split("/")[0] ?? "", mount }));
}

/** Sorted. */
export function volumeNames(root: string): string[] {
  return namesIn(volumesDirectory(root)).filter((name) => !name.startsWith("."));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

/** Undefined if there is none. Throws Failure for one that is damaged. */
export function readVolume(root: string, name: string): Volume | undefined {
  const path = join(volumesDirectory(root), name, "volume.json");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  const volume = parseJson(text);
  if (isVolume(volume)) return volume;
  throw new Failure(`${path} is damaged, or was written by a newer tinydocker`, {
    code: "state-damaged",
    remedy: "use that version, or move the file away: the volume's files are beside it, in _data",
  });
}

/** Makes it complete or not at all. Returns false if there is one of that name. */
export function makeVolume(root: string, volume: Volume): boolean {
  const made = makeUnderWay(root);
  try {
    const device = volume.options?.["device"];
    if (device === undefined) mkdirSync(join(made, "_data"), { mode: 0o755 });
    else symlinkSync(device, join(made, "_data"));
    writeFileSync(join(made, "volume.json"), `${JSON.stringify(volume)}\n`);
    recordEvent(root, { type: "volume", action: "create", id: volume.name, attributes: { driver: "local" } });
    renameSync(made, join(volumesDirectory(root), volume.name));
    return true;
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    if (!hasCode(error, "ENOTEMPTY") && !hasCode(error, "EEXIST")) throw error;
    return false;
  }
}

/** Names this process, so that another can see whether it still runs: what it has not renamed by its end is rubbish. */
export function makeUnderWay(root: string): string {
  const directory = volumesDirectory(root);
  makeDirectory(directory);
  const self = thisProcess();
  return mkdtempSync(join(directory, `.new-${self?.pid}-${self?.startTime}-`));
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
