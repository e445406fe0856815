import { posix } from "node:path";
import { Failure } from "../../failure.ts";
import { isListOf, isText, parseJson } from "../../shape.ts";
import type { Healthcheck } from "../../spec/health.ts";
import { signalNamed } from "../../spec/signal.ts";
import { exposedPorts } from "../exposed-ports.ts";
import { expanded, wordsIn } from "./dockerfile-words.ts";
import { healthcheckIn } from "./healthcheck.ts";

/** `config` of the OCI image-spec's config.md, as it is stored: fields that are not known here are kept. */
export type Config = Readonly<Record<string, unknown>>;

const isTexts = isListOf(isText);

/** `--change`: instructions of a Dockerfile that change the configuration. Throws Failure for any other. */
export function withChanges(config: Config, instructions: readonly string[]): Config {
  const { Cmd, ...others } = instructions.reduce(changed, config);
  const words = instructions.map((instruction) => wordOf(instruction).word);
  const isNewProgram = words.includes("ENTRYPOINT") && isTexts(others["Entrypoint"]) && others["Entrypoint"].length > 0;
  // As with docker: what were the arguments of another program are none of this one.
  return Cmd === undefined || (isNewProgram && !words.includes("CMD")) ? others : { ...others, Cmd };
}

function wordOf(instruction: string): { readonly word: string; readonly rest: string } {
  const [, word = "", rest = ""] = /^\s*([a-zA-Z]+)\s+(.*?)\s*$/s.exec(instruction) ?? [];
  return { word: word.toUpperCase(), rest };
}

function changed(config: Config, instruction: string): Config {
  const { word, rest } = wordOf(instruction);
  if (rest === "") throw misused(instruction, "it is not an INSTRUCTION and its value");
  const variables = variablesIn(config);
  const asOne = () => expanded(rest, variables);
  switch (word) {
    case "CMD":
      return { ...config, Cmd: commandIn(rest) };
    case "ENTRYPOINT":
      return { ...config, Entrypoint: commandIn(rest) };
    case "ENV":
      return { ...config, Env: withVariables(config["Env"], pairsIn(instruction, rest, variables)) };
    case "LABEL":
      return {
        ...config,
        Labels: { ...mapIn(config["Labels"]), ...Object.fromEntries(pairsIn(instruction, rest, variables)) },
      };
    case "WORKDIR":
      return { ...config, WorkingDir: posix.resolve("/", textIn(config["WorkingDir"]), asOne()) };
    case "USER":
      return { ...config, User: asOne() };
    case "EXPOSE":
      return {
        ...config,
        ExposedPorts: { ...mapIn(config["ExposedPorts"]), ...keysOf(portsIn(instruction, rest, variables)) },
      };
    case "VOLUME":
      return { ...config, Volumes: { ...mapIn(config["Volumes"]), ...keysOf(pathsIn(instruction, rest, variables)) } };
    case "STOPSIGNAL":
      return { ...config, StopSignal: signalIn(instruction, asOne()) };
    case "ONBUILD":
      return { ...config, OnBuild: [...textsIn(config["OnBuild"]), triggerIn(instruction, rest)] };
    case "HEALTHCHECK":
      return { ...config, Healthcheck: checkIn(instruction, rest) };
    default:
      throw misused(instruction, `there is no ${word} here`);
  }
}

function misused(instruction: string, why: string): Failure {
  return new Failure(`--change ${JSON.stringify(instruction)}: ${why}`, {
    code: "usage",
    remedy:
      "CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME or WORKDIR, as in a Dockerfile",
  });
}

/** A list in JSON, or a line for a shell. */
function commandIn(written: string): readonly string[] {
  const list = parseJson(written);
  return isTexts(list) ? list : ["/bin/sh", "-c", written];
}

function pathsIn(instruction: string, written: string, variables: Variables): readonly string[] {
  const list = parseJson(written);
  const paths = isTexts(list) ? list : splitIn(instruction, written);
  return paths.map((path) => absolute(instruction, expanded(path, variables)));
}

function absolute(instruction: string, path: string): string {
  if (path.startsWith("/")) return path;
  throw misused(instruction, `${path} is not an absolute path`);
}

/** `KEY=VALUE …`, of which each may be quoted; or `KEY VALUE`. */
function pairsIn(instruction: string, written: string, variables: Variables): [string, string][] {
  const [, key = "", value] = /^([^\s="']+)\s+(.+)$/s.exec(written) ?? [];
  if (value !== undefined) return [[key, expanded(value, variables)]];
  return splitIn(instruction, written).map((word) => {
    const [, name = "", text = ""] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
    if (name === "") throw misused(instruction, "it is not KEY=VALUE");
    return [expanded(name, variables), expanded(text, variables)];
  });
}

function splitIn(instruction: string, written: string): readonly string[] {
  const words = wordsIn(written);
  if (words) return words;
  throw misused(instruction, "a quote stays open");
}

type Variables = ReadonlyMap<string, string>;

function variablesIn({ Env: env }: Config): Variables {
  const pairs = textsIn(env).map((one): [string, string] => {
    const equals = one.indexOf("=");
    return [one.slice(0, equals), one.slice(equals + 1)];
  });
  return new Map(pairs);
}

function withVariables(env: unknown, pairs: readonly (readonly [string, string])[]): readonly string[] {
  const names = new Set(pairs.map(([name]) => name));
  const others = textsIn(env).filter((one) => !names.has(one.split("=", 1)[0] ?? ""));
  return [...others, ...pairs.map(([name, value]) => `${name}=${value}`)];
}

function portsIn(instruction: string, written: string, variables: Variables): readonly string[] {
  return expanded(written, variables)
    .split(/\s+/)
    .flatMap((port) => {
      const ports = exposedPorts(port);
      if (ports.length === 0) throw misused(instruction, `${port} is not a port`);
      return ports;
    });
}

function signalIn(instruction: string, written: string): string {
  if (signalNamed(written) === undefined) throw misused(instruction, `there is no signal ${written}`);
  return written;
}

function checkIn(instruction: string, written: string): Healthcheck {
  const check = healthcheckIn(written);
  if (check) return check;
  throw misused(instruction, "it is not NONE, or CMD and a command behind --interval=, --timeout= and others");
}

/** What a build on this image does first, which docker refuses of these. */
function triggerIn(instruction: string, written: string): string {
  const { word } = wordOf(written);
  if (!["ONBUILD", "FROM", "MAINTAINER"].includes(word)) return written;
  throw misused(instruction, `${word} can't be done on a build`);
}

function textsIn(value: unknown): readonly string[] {
  return isTexts(value) ? value : [];
}

function textIn(value: unknown): string {
  return isText(value) ? value : "";
}

function mapIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function keysOf(names: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}
