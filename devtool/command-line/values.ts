import { ON_BUSY, type OnBusy } from "../dev/controls.ts";
import { Failure } from "../failure.ts";
import { type Mapping, PUBLISHED, parseMapping, portOf } from "../ports/mapping.ts";
import { FORMATS, type Format } from "../report/format.ts";
import { INSPECT_PORT, type Inspect } from "../run/inspect.ts";
import type { Options } from "./options.ts";

/** What was given, by the options' names, checked. @throws Failure, exit code 2 */
export function optionsOf(given: Readonly<Record<string, unknown>>): Options {
  const text = (name: string) => (typeof given[name] === "string" ? given[name] : undefined);
  return {
    target: text("target"),
    config: text("config"),
    format: formatOf(text("format"), given["json"] === true),
    provision: given["provision"] === true,
    interactive: given["interactive"] === true,
    onBusy: onBusyOf(text("on-busy")),
    ports: {
      forward: mappings(given, "forward"),
      reverse: mappings(given, "reverse"),
      published: texts(given, "forward").includes(PUBLISHED),
    },
    inspect: inspectOf(given),
    force: given["force"] === true,
    dryRun: given["dry-run"] === true,
    yes: given["yes"] === true,
    caches: given["caches"] === true,
    old: given["old"] === true,
    timings: given["timings"] === true,
    acceptNewHostKey: given["accept-new-host-key"] === true,
    sshConfig: text("ssh-config"),
  };
}

function mappings(given: Readonly<Record<string, unknown>>, name: "forward" | "reverse"): Mapping[] {
  const written = texts(given, name).filter((text) => name !== "forward" || text !== PUBLISHED);
  return written.map((text) => parseMapping(text, `--${name}`));
}

function texts(given: Readonly<Record<string, unknown>>, name: string): string[] {
  const written = given[name];
  return Array.isArray(written) ? written.map(String) : [];
}

function inspectOf(given: Readonly<Record<string, unknown>>): Inspect | undefined {
  const breaks = given["inspect-brk"] === true;
  if (!breaks && given["inspect"] !== true) return undefined;
  const written = given["inspect-port"] ?? `${INSPECT_PORT}`;
  const ports = String(written).split(":").map(portOf);
  const [port, targetPort = port] = ports;
  if (port !== undefined && targetPort !== undefined && ports.length <= 2 && !ports.includes(undefined)) {
    return { port, targetPort, breaks };
  }
  throw new Failure(
    `--inspect takes PORT, or PORT:PORT for another one on the target, not ${JSON.stringify(written)}`,
    {
      code: "usage",
      exitCode: 2,
    },
  );
}

function onBusyOf(written = "restart"): OnBusy {
  const known = ON_BUSY.find((mode) => mode === written);
  if (known) return known;
  throw new Failure(`--on-busy must be ${ON_BUSY.join(", ")}, not ${JSON.stringify(written)}`, {
    code: "usage",
    exitCode: 2,
  });
}

function formatOf(written: string | undefined, isJson: boolean): Format {
  const format = FORMATS.find((known) => known === (written ?? (isJson ? "json" : "human")));
  if (format !== undefined && (!isJson || format === "json")) return format;
  const problem =
    format === undefined
      ? `--format must be ${FORMATS.join(", ")}, not ${JSON.stringify(written)}`
      : `--json and --format ${format} are two formats`;
  throw new Failure(problem, { code: "usage", exitCode: 2 });
}
