import { posix } from "node:path";
import { Failure } from "../../failure.ts";
import { isListOf, isText, parseJson } from "../../shape.ts";
import type { Healthcheck } from "../../spec/health.ts";
import { signalNamed } from "../../spec/signal.ts";
import { exposedPorts } from "../exposed-ports.ts";
import { healthcheckIn } from "./healthcheck.ts";

/** `config` of the OCI image-spec's config.md, as it is stored: fields that are not known here are kept. */
export type Config = Readonly<Record<string, unknown>>;

const isTexts = isListOf(isText);

/** `--change`: an instruction of a Dockerfile that changes the configuration. Throws Failure for any other. */
export function changed(config: Config, instruction: string): Config {
  const [, word = "", rest = ""] = /^\s*([a-zA-Z]+)\s+(.*?)\s*$/s.exec(instruction) ?? [];
  if (rest === "") throw misused(instruction, "it is not an INSTRUCTION and its value");
  switch (word.toUpperCase()) {
    case "CMD":
      return { ...config, Cmd: commandIn(rest) };
    case "ENTRYPOINT":
      return { ...config, Entrypoint: commandIn(rest) };
    case "ENV":
      return { ...config, Env: withVariables(config["Env"], pairsIn(instruction, rest)) };
    case "LABEL":
      return { ...config, Labels: { ...mapIn(config["Labels"]), ...Object.fromEntries(pairsIn(instruction, rest)) } };
    case "WORKDIR":
      return { ...config, WorkingDir: posix.resolve("/", textIn(config["WorkingDir"]), rest) };
    case "USER":
      return { ...config, User: rest };
    case "EXPOSE":
      return { ...config, ExposedPorts: { ...mapIn(config["ExposedPorts"]), ...keysOf(portsIn(instruction, rest)) } };
    case "VOLUME":
      return { ...config, Volumes: { ...mapIn(config["Volumes"]), ...keysOf(pathsIn(instruction, rest)) } };
    case "STOPSIGNAL":
      return { ...config, StopSignal: signalIn(instruction, rest) };
    case "HEALTHCHECK":
      return { ...config, Healthcheck: checkIn(instruction, rest) };
    default:
      throw misused(instruction, `there is no ${word} here`);
  }
}

function misused(instruction: string, why: string): Failure {
  return new Failure(`--change ${JSON.stringify(instruction)}: ${why}`, {
    code: "usage",
    remedy: "CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR, as in a Dockerfile",
  });
}

/** A list in JSON, or a line for a shell. */
function commandIn(written: string): readonly string[] {
  const list = parseJson(written);
  return isTexts(list) ? list : ["/bin/sh", "-c", written];
}

function pathsIn(instruction: string, written: string): readonly string[] {
  const list = parseJson(written);
  return (isTexts(list) ? list : written.split(/\s+/)).map((path) => absolute(instruction, path));
}

function absolute(instruction: string, path: string): string {
  if (path.startsWith("/")) return path;
  throw misused(instruction, `${path} is not an absolute path`);
}

/** `KEY=VALUE …`, a value quoted where it has spaces; or `KEY VALUE`. */
function pairsIn(instruction: string, written: string): [string, string][] {
  const [, key = "", value] = /^([^\s=]+)\s+(.+)$/s.exec(written) ?? [];
  if (value !== undefined) return [[key, value]];
  const pairs = [...written.matchAll(/([^\s=]+)=("(?:\\.|[^"\\])*"|'[^']*'|(?:\\.|[^\s"'\\])*)(?:\s+|$)/gsy)];
  if (pairs.reduce((length, [all]) => length + all.length, 0) !== written.length)
    throw misused(instruction, "it is not KEY=VALUE");
  return pairs.map(([, name = "", text = ""]) => [name, unquoted(text)]);
}

function unquoted(text: string): string {
  if (text.startsWith("'")) return text.slice(1, -1);
  return (text.startsWith('"') ? text.slice(1, -1) : text).replace(/\\(.)/gs, "$1");
}

function withVariables(env: unknown, pairs: readonly (readonly [string, string])[]): readonly string[] {
  const names = new Set(pairs.map(([name]) => name));
  const others = (isTexts(env) ? env : []).filter((one) => !names.has(one.split("=", 1)[0] ?? ""));
  return [...others, ...pairs.map(([name, value]) => `${name}=${value}`)];
}

function portsIn(instruction: string, written: string): readonly string[] {
  return written.split(/\s+/).flatMap((port) => {
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

function textIn(value: unknown): string {
  return isText(value) ? value : "";
}

function mapIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function keysOf(names: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}
