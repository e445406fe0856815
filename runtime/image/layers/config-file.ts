import { isEither, isListOf, isMapOf, isOneOf, isRecordOf, isText, type Shape, type Shaped } from "../../shape.ts";
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

const isUsable = isRecordOf({}, { User: isText, Env: isTexts, Entrypoint: isTexts, Cmd: isTexts, WorkingDir: isText });
/** What else changes how docker runs an image. */
const UNUSED = ["ExposedPorts", "Volumes", "StopSignal", "Healthcheck"];

/** What of it a container gets here; the rest is noted. Throws BadImage for an image of another system. */
export function imageConfig({ config, os, architecture }: ConfigFile, notes: Notes): ImageConfig {
  if (os !== "linux") throw new BadImage(`it is for ${os}, not for Linux`);
  if (architecture !== thisArchitecture()) notes.add("platform", `${os}/${architecture}`);
  for (const field of UNUSED) if (isFilled(config?.[field])) notes.add("setting", field);
  if (!isUsable(config)) return {};
  const { User, Entrypoint, Cmd } = config;
  // A variable without a value would be the caller's.
  const Env = config.Env?.filter((entry) => /^[^=]+=/.test(entry));
  const WorkingDir = config.WorkingDir?.startsWith("/") ? config.WorkingDir : undefined;
  return Object.fromEntries(
    Object.entries({ User, Env, Entrypoint, Cmd, WorkingDir }).filter(([, value]) => isFilled(value)),
  );
}

/** Go's name of this processor. */
export function thisArchitecture(): string {
  const names: Partial<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };
  return names[process.arch] ?? process.arch;
}

function isFilled(value: unknown): boolean {
  return typeof value === "object" && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}
