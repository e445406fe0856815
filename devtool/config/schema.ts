import { Failure } from "../failure.ts";
import { bundle } from "./bundle-schema.ts";
import type { DevtoolConfig, TargetSettings } from "./config.ts";
import { problemsOf } from "./problems.ts";
import { anyText, text } from "./text.ts";
import * as z from "./zod.ts";

const texts = z.array(text);
const path = anyText.regex(/^(\/|~\/)/, { error: "a path on the target begins with / or ~/" });
const absolute = anyText.regex(/^\//, { error: "a path on the target begins with /" });
const variables = z.record(
  z.string().regex(/^[A-Za-z_]\w*$/, { error: "a variable's name has letters, digits and _" }),
  anyText,
);
const anyTarget = {
  sudo: z.boolean().optional(),
  mirror: path.optional(),
  rsync: absolute.optional(),
  env: variables.optional(),
};
const remoteTarget = { ...anyTarget, node: path.optional(), shell: path.optional() };

const machineName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, { error: "a machine's name has letters, digits, . _ and -" });

const target = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("local"), ...anyTarget }),
  z.strictObject({ kind: z.literal("ssh"), host: text, configFile: text.optional(), ...remoteTarget }),
  z.strictObject({ kind: z.literal("vagrant"), machine: text.optional(), ...remoteTarget }),
  z.strictObject({ kind: z.literal("lima"), name: machineName, ...remoteTarget }),
  z.strictObject({
    kind: z.literal("multipass"),
    name: machineName,
    identityFile: text.optional(),
    ...remoteTarget,
  }),
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
  restart: z.strictObject({ ignore: texts.optional() }).optional(),
  run: texts.min(1).optional(),
  tinydocker: texts.min(1).optional(),
  env: variables.optional(),
  envFile: text.optional(),
  asRoot: z.boolean().optional(),
  forward: texts.optional(),
  reverse: texts.optional(),
  warm: z.boolean().optional(),
  targets: z.record(text, target).optional(),
  target: z.union([text, texts.min(1)]).optional(),
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
  const problems = problemsOf(result.error, schema, expanded);
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

/** The JSON schema of a configuration, for editors; plugins are functions, which JSON has none of. */
export function jsonSchema(): object {
  const written = schema.extend({
    bundle: bundle.omit({ plugins: true }).optional(),
    targets: z.record(text, z.union([text, target])).optional(),
  });
  const { $schema, ...rest } = z.toJSONSchema(written, { io: "input" });
  return { $schema, title: "devtool.config.json", ...rest };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
