import { isDeepStrictEqual } from "node:util";
import { isListOf, isText } from "../../shape.ts";
import { type Health, healthcheckOf, healthOf } from "../../spec/health.ts";
import type { Life } from "../../spec/life.ts";
import { type ContainerSpec, userText } from "../../spec/spec.ts";
import { exposedPorts } from "../exposed-ports.ts";
import { isHealthcheck } from "../layers/config-file.ts";
import type { Config } from "./change.ts";

const isTexts = isListOf(isText);

/** tinydocker's own variables: they are of a container, not of its image. */
const OWN = /^(?:HOME|HOSTNAME|TERM)=/;

/** What a container is like, as its image would say it. `ports`: PORT/PROTOCOL each, that it has besides; `base`: what the image says that it was made from. */
export function configOf(
  { process }: ContainerSpec,
  ports: readonly string[],
  life: Life | undefined,
  base: Config,
): Config {
  const imageEnv = textsIn(base["Env"]);
  const exposed = exposing(mapIn(base["ExposedPorts"]), ports);
  return {
    ...base,
    ...commandOf(process, textsIn(base["Entrypoint"])),
    Env: process.env.filter((entry) => !OWN.test(entry) || imageEnv.includes(entry)),
    User: userText(process.user),
    WorkingDir: process.cwd === "/" ? "" : process.cwd,
    Labels: { ...mapIn(base["Labels"]), ...life?.labels },
    ...(Object.keys(exposed).length > 0 ? { ExposedPorts: exposed } : {}),
    ...(life && life.stopSignal !== "SIGTERM" ? { StopSignal: life.stopSignal } : {}),
    ...(life ? checkOf(life, base) : {}),
  };
}

/** `said`: what the image says, as it is written there. */
function exposing(said: Config, ports: readonly string[]): Config {
  const written = new Set(Object.keys(said).flatMap(exposedPorts));
  return { ...said, ...Object.fromEntries(ports.filter((port) => !written.has(port)).map((port) => [port, {}])) };
}

/** Of one like the image's, what that says; of one without any, that there is none, where the image has one. */
function checkOf({ health }: Life, { Healthcheck }: Config): Config {
  if (health) return isSame(health, Healthcheck) ? {} : { Healthcheck: healthcheckOf(health) };
  return Healthcheck === undefined ? {} : { Healthcheck: { Test: ["NONE"] } };
}

function isSame(health: Health, said: unknown): boolean {
  return isHealthcheck(said) && isDeepStrictEqual(health, healthOf({}, said));
}

/** Where an older record does not say it, a command that does not begin with the image's entrypoint was given in place of it. */
function commandOf({ args, entrypointLength }: ContainerSpec["process"], entrypoint: readonly string[]): Config {
  const isImages = entrypoint.every((word, i) => args[i] === word);
  const length = entrypointLength ?? (isImages ? entrypoint.length : 0);
  return { Entrypoint: args.slice(0, length), Cmd: args.slice(length) };
}

function textsIn(value: unknown): readonly string[] {
  return isTexts(value) ? value : [];
}

function mapIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
