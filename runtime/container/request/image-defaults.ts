import type { ImageConfig } from "../../image/config.ts";
import { type HealthRequest, healthOf } from "../../spec/health.ts";
import type { Life } from "../../spec/life.ts";
import { signalNamed } from "../../spec/signal.ts";
import { IMAGE_ID, IMAGE_NAME } from "../../spec/spec.ts";

interface Process {
  readonly user?: string | undefined;
  readonly cwd?: string | undefined;
  readonly env?: readonly string[] | undefined;
  readonly imageVolumes?: readonly string[] | undefined;
}

/** What the image says, where the request doesn't, or with docker's empty value. */
export function imageDefaults({ user, cwd, env = [] }: Process, config: ImageConfig = {}): Process {
  return {
    user: user || config.User,
    cwd: cwd || config.WorkingDir,
    env: [...(config.Env ?? []), ...env],
    imageVolumes: config.Volumes,
  };
}

interface Command {
  readonly args: readonly string[];
  /** How many of them are the entrypoint. */
  readonly entrypointLength: number;
}

/** As docker's: an entrypoint that is asked for takes the place of all that the image says. */
export function commandOf(
  { entrypoint, args }: { readonly entrypoint?: string | undefined; readonly args: readonly string[] },
  { Entrypoint = [], Cmd = [] }: ImageConfig = {},
): Command {
  const first = entrypoint === undefined ? Entrypoint : [entrypoint].filter((word) => word !== "");
  const rest = entrypoint === undefined && args.length === 0 ? Cmd : args;
  return { args: [...first, ...rest], entrypointLength: first.length };
}

/** With ports that the request names. */
export function exposing(config: ImageConfig = {}, ports: readonly string[] = []): ImageConfig {
  return { ...config, ExposedPorts: [...new Set([...(config.ExposedPorts ?? []), ...ports])] };
}

const STOP_SIGNAL = "org.opencontainers.image.stopSignal";
/** PORT[/PROTOCOL], separated by commas. */
export const EXPOSED_PORTS = "org.opencontainers.image.exposedPorts";
/** Ours, because that document has none: JSON. */
const HEALTHCHECK = "tinydocker.healthcheck";

/** By the keys of the OCI image-spec's conversion.md. */
export function imageAnnotations({
  StopSignal,
  ExposedPorts = [],
  Labels = {},
  Healthcheck,
}: ImageConfig = {}): Record<string, string> {
  return {
    ...Labels,
    ...(StopSignal === undefined ? {} : { [STOP_SIGNAL]: StopSignal }),
    ...(Healthcheck ? { [HEALTHCHECK]: JSON.stringify(Healthcheck) } : {}),
    ...(ExposedPorts.length > 0 ? { [EXPOSED_PORTS]: ExposedPorts.join(",") } : {}),
  };
}

/** What is asked of a life that an image may say too. */
export interface LifeAsked {
  readonly life: Life;
  /** Otherwise the image's counts. */
  readonly hasStopSignal: boolean;
  readonly health: HealthRequest;
}

/** The stop signal, the health check and the labels that the image says, where the request doesn't. Throws Failure. */
export function imageLife(
  { life, hasStopSignal, health }: LifeAsked,
  annotations: Readonly<Record<string, string>>,
): Life {
  const {
    [STOP_SIGNAL]: signal,
    [EXPOSED_PORTS]: _ports,
    [IMAGE_NAME]: _name,
    [IMAGE_ID]: _id,
    [HEALTHCHECK]: said,
    ...labels
  } = annotations;
  const check = healthOf(health, said === undefined ? undefined : JSON.parse(said));
  const stopSignal = hasStopSignal || signal === undefined ? life.stopSignal : (signalNamed(signal) ?? life.stopSignal);
  return { ...life, stopSignal, labels: { ...labels, ...life.labels }, ...(check ? { health: check } : {}) };
}
