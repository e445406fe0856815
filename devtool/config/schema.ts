import { z } from "zod";
import { Failure } from "../failure.ts";
import { nearest } from "../report/nearest.ts";
import type { DevtoolConfig, TargetSettings } from "./config.ts";

const text = z.string().min(1);
const texts = z.array(text);
const named = z.record(z.string(), z.string());
const path = z.string().regex(/^(\/|~\/)/, { error: "a path on the target begins with / or ~/" });
const absolute = z.string().regex(/^\//, { error: "a path on the target begins with /" });
const variables = z.record(
  z.string().regex(/^[A-Za-z_]\w*$/, { error: "a variable's name has letters, digits and _" }),
  z.string(),
);
const anyTarget = {
  sudo: z.boolean().optional(),
  mirror: path.optional(),
  rsync: absolute.optional(),
  env: variables.optional(),
};
const remoteTarget = { ...anyTarget, node: path.optional(), shell: path.optional() };

const bundle = z.strictObject({
  entryPoints: z.union([texts.min(1), z.record(text, text)]),
  outdir: text.optional(),
  addons: texts.optional(),
  alias: named.optional(),
  banner: named.optional(),
  conditions: texts.optional(),
  define: named.optional(),
  drop: z.array(z.enum(["console", "debugger"])).optional(),
  external: texts.optional(),
  footer: named.optional(),
  format: z.enum(["esm", "cjs", "iife"]).optional(),
  inject: texts.optional(),
  keepNames: z.boolean().optional(),
  loader: named.optional(),
  mainFields: texts.optional(),
  minify: z.boolean().optional(),
  sourcemap: z.union([z.boolean(), z.enum(["linked", "inline", "external", "both"])]).optional(),
  splitting: z.boolean().optional(),
  target: z.union([text, texts]).optional(),
  tsconfig: text.optional(),
});

const target = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("local"), ...anyTarget }),
  z.strictObject({ kind: z.literal("ssh"), host: text, configFile: text.optional(), ...remoteTarget }),
  z.strictObject({ kind: z.literal("vagrant"), machine: text.optional(), ...remoteTarget }),
]);

const tool = z.enum(["make", "cmake", "cargo", "go"]);
const step = { folder: text.optional(), inputs: texts.min(1).optional(), name: text.optional() };
const build = z.union([
  tool,
  z.strictObject({ tool, args: texts.optional(), ...step }),
  z.strictObject({ command: texts.min(1), ...step }),
]);

const schema = z.strictObject({
  $schema: text.optional(),
  bundle: bundle.optional(),
  build: z.array(z.union([build, z.array(build).min(1)])).optional(),
  afterSync: z.array(z.strictObject({ changed: texts.min(1), run: texts.min(1) })).optional(),
  native: z.strictObject({ folder: text, target: text.optional() }).optional(),
  sync: z
    .strictObject({ include: texts.optional(), exclude: texts.optional(), executable: texts.optional() })
    .optional(),
  watch: z.strictObject({ poll: z.boolean().optional() }).optional(),
  run: texts.min(1).optional(),
  env: variables.optional(),
  envFile: text.optional(),
  asRoot: z.boolean().optional(),
  forward: texts.optional(),
  reverse: texts.optional(),
  targets: z.record(text, target).optional(),
  target: text.optional(),
});

/** A valid configuration; a target written as a string is an object here. */
export type CheckedConfig = Omit<DevtoolConfig, "targets"> & {
  readonly targets?: Readonly<Record<string, TargetSettings>>;
};

/** @throws Failure, exit code 2, that names the file and every key that is not valid */
export function checkConfig(value: unknown, file: string): CheckedConfig {
  const expanded = expandTargets(value);
  const result = schema.safeParse(expanded, { reportInput: true });
  // zod returns `undefined` for an optional key only where the configuration has it.
  if (result.success) return result.data as CheckedConfig;
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue, expanded));
  throw new Failure(`${file}: ${problems.join(`\n${file}: `)}`, { code: "config-invalid", exitCode: 2 });
}

function expandTargets(value: unknown): unknown {
  if (!isRecord(value) || !isRecord(value["targets"])) return value;
  const entries = Object.entries(value["targets"]).map(([name, target]) => [name, expandTarget(target)]);
  return { ...value, targets: Object.fromEntries(entries) };
}

function expandTarget(target: unknown): unknown {
  if (target === "local" || target === "vagrant") return { kind: target };
  return typeof target === "string" ? { kind: "ssh", host: target } : target;
}

/** The JSON schema of a configuration, for editors. */
export function jsonSchema(): object {
  const written = schema.extend({ targets: z.record(text, z.union([text, target])).optional() });
  const { $schema, ...rest } = z.toJSONSchema(written, { io: "input" });
  return { $schema, title: "devtool.config.json", ...rest };
}

type Issue = z.core.$ZodIssue;

function problemsOf(issue: Issue, value: unknown): string[] {
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, [...issue.path], value);
    return issue.keys.map((key) => unknownKey(dotted([...issue.path, key]), key, known));
  }
  if (issue.input === undefined && issue.code !== "too_small") return [`${dotted(issue.path)} is missing`];
  if (issue.code === "invalid_union" && issue.path.at(-1) === "kind") {
    return [`${dotted(issue.path)} must be "local", "ssh" or "vagrant"`];
  }
  return [`${dotted(issue.path) || "the configuration"} ${expectation(issue)}`];
}

function unknownKey(path: string, key: string, known: readonly string[]): string {
  const suggestion = nearest(key, known);
  const prefix = path.slice(0, -key.length);
  const hint = suggestion === undefined ? `known keys: ${known.join(", ")}` : `did you mean ${prefix}${suggestion}?`;
  return `unknown key ${path}; ${hint}`;
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${article(issue.expected)}, not ${describe(issue.input)}`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}, not ${describe(issue.input)}`;
    case "invalid_union": {
      const parts = issue.errors.flat().map((inner) => `${dotted(inner.path)} ${expectation(inner)}`.trim());
      return [...new Set(parts)].join(", or ");
    }
    case "invalid_key":
      return `is not valid: ${issue.issues[0]?.message}`;
    case "too_small":
      return "must not be empty";
    default:
      return `is not valid: ${issue.message}`;
  }
}

function article(expected: string): string {
  const noun = expected === "record" ? "object" : expected;
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}

function describe(input: unknown): string {
  if (input === null || input === undefined) return String(input);
  if (Array.isArray(input)) return "an array";
  return typeof input === "object" ? "an object" : `the ${typeof input} ${JSON.stringify(input) ?? String(input)}`;
}

function dotted(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}

/** The keys that the schema has at a path of `value`. */
function keysAt(at: z.core.$ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  const [key, ...rest] = path;
  if (at instanceof z.ZodOptional) return keysAt(at.unwrap(), path, value);
  if (at instanceof z.ZodDiscriminatedUnion) {
    const kind = isRecord(value) ? value["kind"] : undefined;
    const chosen = at.options.find((option) => keysOf(option).kind === kind);
    return chosen ? keysAt(chosen, path, value) : [];
  }
  const inner = isRecord(value) && key !== undefined ? value[String(key)] : undefined;
  if (at instanceof z.ZodRecord) return key === undefined ? [] : keysAt(at.valueType, rest, inner);
  if (!(at instanceof z.ZodObject)) return [];
  if (key === undefined) return Object.keys(at.shape);
  const next: z.core.$ZodType | undefined = at.shape[String(key)];
  return next ? keysAt(next, rest, inner) : [];
}

function keysOf(option: z.core.$ZodType): { kind: unknown } {
  const kind = option instanceof z.ZodObject ? option.shape["kind"] : undefined;
  return { kind: kind instanceof z.ZodLiteral ? kind.value : undefined };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
