import type { ImageConfig } from "../image/config.ts";
import type { Life } from "../spec/life.ts";
import { signalNamed } from "../spec/signal.ts";
import { IMAGE_NAME } from "../spec/spec.ts";

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

/** As docker's: an entrypoint that is asked for takes the place of all that the image says. */
export function commandOf(
  { entrypoint, args }: { readonly entrypoint?: string | undefined; readonly args: readonly string[] },
  { Entrypoint = [], Cmd = [] }: ImageConfig = {},
): readonly string[] {
  if (entrypoint !== undefined) return entrypoint === "" ? args : [entrypoint, ...args];
  return [...Entrypoint, ...(args.length > 0 ? args : Cmd)];
}

const STOP_SIGNAL = "org.opencontainers.image.stopSignal";
const EXPOSED_PORTS = "org.opencontainers.image.exposedPorts";

/** By the keys of the OCI image-spec's conversion.md. */
export function imageAnnotations({
  StopSignal,
  ExposedPorts = [],
  Labels = {},
}: ImageConfig = {}): Record<string, string> {
  return {
    ...Labels,
    ...(StopSignal === undefined ? {} : { [STOP_SIGNAL]: StopSignal }),
    ...(ExposedPorts.length > 0 ? { [EXPOSED_PORTS]: ExposedPorts.join(",") } : {}),
  };
}

/** The stop signal and the labels that the image says, where the request doesn't. */
export function imageLife(life: Life, annotations: Readonly<Record<string, string>>, hasStopSignal: boolean): Life {
  const { [STOP_SIGNAL]: signal, [EXPOSED_PORTS]: _ports, [IMAGE_NAME]: _name, ...labels } = annotations;
  const stopSignal = hasStopSignal || signal === undefined ? life.stopSignal : (signalNamed(signal) ?? life.stopSignal);
  return { ...life, stopSignal, labels: { ...labels, ...life.labels } };
}

/** A port of this machine for each that the image names and the request does not publish, as -p takes them. */
export async function publishedForAll(
  publish: readonly string[],
  { ExposedPorts = [] }: ImageConfig = {},
): Promise<string[]> {
  const { freePort } = await import("../host/network/free-port.ts");
  const published: string[] = [];
  for (const exposed of ExposedPorts) {
    const [, port = "", protocol = "tcp"] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(exposed) ?? [];
    const isAsked = publish.some((one) =>
      one.replace(/\/tcp$/, "").endsWith(`:${port}${protocol === "udp" ? "/udp" : ""}`),
    );
    if (port !== "" && !isAsked)
      published.push(`${await freePort(protocol === "udp" ? "udp" : "tcp")}:${port}/${protocol}`);
  }
  return published;
}
