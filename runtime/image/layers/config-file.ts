import { resolve } from "node:path";
import { rankHere } from "../../host/architecture.ts";
import {
  isEither,
  isListOf,
  isMapOf,
  isOneOf,
  isRecordOf,
  isText,
  isWhole,
  type Shape,
  type Shaped,
} from "../../shape.ts";
import type { Healthcheck } from "../../spec/health.ts";
import { BadImage } from "../archive/entry.ts";
import type { ImageConfig } from "../config.ts";
import { exposedPorts } from "../exposed-ports.ts";
import { isLinux } from "../manifest/platform.ts";
import type { Notes } from "../notes.ts";

/** docker writes null for what is empty. */
const orNull = <T>(shape: Shape<T>) => isEither(shape, isOneOf(null));
const isAnything: Shape<unknown> = (_value): _value is unknown => true;
const isMap = isMapOf(isAnything);
const isTexts = isListOf(isText);
const isAbsolute: Shape<string> = (value): value is string => isText(value) && value.startsWith("/");

/** The OCI image-spec's config.md, as far as it is used here. */
export const isConfigFile = isRecordOf(
  { rootfs: isRecordOf({ diff_ids: isListOf(isText) }) },
  { architecture: isText, os: isText, config: orNull(isMap) },
);
export type ConfigFile = Shaped<typeof isConfigFile>;

export const isHealthcheck: Shape<Healthcheck> = isRecordOf(
  {},
  {
    Test: isListOf(isText),
    Interval: isWhole,
    Timeout: isWhole,
    StartPeriod: isWhole,
    StartInterval: isWhole,
    Retries: isWhole,
  },
);
/** What else changes how docker runs an image, and an imported one loses. */
const UNUSED = ["ExposedPorts", "Volumes", "StopSignal", "Healthcheck"];

/** The digests of what its layers unpack to. Throws BadImage unless there are so many, and each is one. */
export function diffIdsOf({ rootfs }: ConfigFile, layers: number): readonly string[] {
  const diffIds = rootfs.diff_ids;
  if (diffIds.length !== layers)
    throw new BadImage(`its configuration names ${diffIds.length} layers, and it has ${layers}`);
  const bad = diffIds.find((diffId) => !/^sha256:[a-f0-9]{64}$/.test(diffId));
  if (bad !== undefined) throw new BadImage(`${JSON.stringify(bad)} is not the digest of a layer`);
  return diffIds;
}

/** Throws BadImage for an image of another system. One that names none is for this one, as docker has it. */
export function checkSystem({ os }: ConfigFile): void {
  if (os && !isLinux(os)) throw new BadImage(`it is for ${os}, not for Linux`);
}

/** The same; notes what an import of it does without. */
export function checkImport(file: ConfigFile, notes: Notes): void {
  checkSystem(file);
  notePlatform(file, notes);
  for (const field of UNUSED) if (isFilled(file.config?.[field])) notes.add("setting", field);
}

export function notePlatform({ architecture }: ConfigFile, notes: Notes): void {
  if (architecture && rankHere(architecture) === Number.POSITIVE_INFINITY)
    notes.add("platform", `linux/${architecture}`);
}

/** What of it a container gets: each setting that has the form of its kind, whatever the others have. */
export function imageConfig({ config }: ConfigFile): ImageConfig {
  const setting = <T>(shape: Shape<T>, name: string) => asShaped(shape, config?.[name]);
  const used = {
    Healthcheck: setting(isHealthcheck, "Healthcheck"),
    User: setting(isText, "User"),
    // A variable without a value would be the caller's.
    Env: setting(isTexts, "Env")?.filter((entry) => /^[^=]+=/.test(entry)),
    Entrypoint: commandIn(config?.["Entrypoint"]),
    Cmd: commandIn(config?.["Cmd"]),
    WorkingDir: setting(isAbsolute, "WorkingDir"),
    ExposedPorts: [...new Set(Object.keys(setting(isMap, "ExposedPorts") ?? {}).flatMap(exposedPorts))],
    Volumes: [...new Set(Object.keys(setting(isMap, "Volumes") ?? {}).map(belowRoot))],
    StopSignal: setting(isText, "StopSignal"),
    Labels: setting(isMapOf(isText), "Labels"),
  };
  return Object.fromEntries(Object.entries(used).filter(([, value]) => isFilled(value)));
}

/** docker takes a volume that is relative so, such as what `VOLUME ['/data']` names: that is not JSON, but a text. */
function belowRoot(path: string): string {
  return resolve("/", path);
}

/** docker reads a text as a list of one word. */
function commandIn(value: unknown): readonly string[] | undefined {
  return isText(value) ? [value] : asShaped(isTexts, value);
}

function asShaped<T>(shape: Shape<T>, value: unknown): T | undefined {
  return shape(value) ? value : undefined;
}

function isFilled(value: unknown): boolean {
  return typeof value === "object" && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}
