import { thisArchitecture } from "../../host/architecture.ts";
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
import type { Notes } from "../notes.ts";

/** docker writes null for what is empty. */
const orNull = <T>(shape: Shape<T>) => isEither(shape, isOneOf(null));
const isTexts = orNull(isListOf(isText));
const isAnything: Shape<unknown> = (_value): _value is unknown => true;

/** The OCI image-spec's config.md, as far as it is used here. */
export const isConfigFile = isRecordOf(
  { architecture: isText, os: isText, rootfs: isRecordOf({ diff_ids: isListOf(isText) }) },
  { config: orNull(isMapOf(isAnything)) },
);
export type ConfigFile = Shaped<typeof isConfigFile>;

const isUsable = isRecordOf(
  {},
  {
    User: isText,
    Env: isTexts,
    Entrypoint: isTexts,
    Cmd: isTexts,
    WorkingDir: isText,
    ExposedPorts: orNull(isMapOf(isAnything)),
    Volumes: orNull(isMapOf(isAnything)),
    StopSignal: isText,
    Labels: orNull(isMapOf(isText)),
    Healthcheck: isAnything,
  },
);
const isHealthcheck: Shape<Healthcheck> = isRecordOf(
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

/** Throws BadImage for an image of another system; notes what an import of it does without. */
export function checkImport(file: ConfigFile, notes: Notes): void {
  if (file.os !== "linux") throw new BadImage(`it is for ${file.os}, not for Linux`);
  notePlatform(file, notes);
  for (const field of UNUSED) if (isFilled(file.config?.[field])) notes.add("setting", field);
}

export function notePlatform({ os, architecture }: ConfigFile, notes: Notes): void {
  if (architecture !== thisArchitecture()) notes.add("platform", `${os}/${architecture}`);
}

/** What of it a container gets. */
export function imageConfig({ config }: ConfigFile): ImageConfig {
  if (!isUsable(config)) return {};
  const { User, Entrypoint, Cmd, StopSignal, Labels } = config;
  // A variable without a value would be the caller's.
  const Env = config.Env?.filter((entry) => /^[^=]+=/.test(entry));
  const WorkingDir = config.WorkingDir?.startsWith("/") ? config.WorkingDir : undefined;
  const [ExposedPorts, Volumes] = [Object.keys(config.ExposedPorts ?? {}), Object.keys(config.Volumes ?? {})];
  const Healthcheck = isHealthcheck(config.Healthcheck) ? config.Healthcheck : undefined;
  const used = { Healthcheck, User, Env, Entrypoint, Cmd, WorkingDir, ExposedPorts, Volumes, StopSignal, Labels };
  return Object.fromEntries(Object.entries(used).filter(([, value]) => isFilled(value)));
}

function isFilled(value: unknown): boolean {
  return typeof value === "object" && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}
