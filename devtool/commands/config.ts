import { basename } from "node:path";
import type { Call, Command } from "../command-line/command.ts";
import { readConfigFile } from "../config/file.ts";
import { loadProject, type Project } from "../config/project.ts";
import { jsonSchema } from "../config/schema.ts";
import { Failure } from "../failure.ts";
import { mappingText, PUBLISHED } from "../ports/mapping.ts";

/** devtool config print: the configuration as it is used; devtool config schema: for editors. */
export const command: Command = async (call) => {
  const [what, ...rest] = call.words;
  if (rest.length > 0 || (what !== "print" && what !== "schema")) {
    const got = call.words.length === 0 ? "nothing" : JSON.stringify(call.words.join(" "));
    throw new Failure(`devtool config takes print or schema, got ${got}`, { code: "usage", exitCode: 2 });
  }
  if (what === "schema") process.stdout.write(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
  else await print(call);
  return 0;
};

async function print({ options, report }: Call): Promise<void> {
  const project = await loadProject(options.config, process.cwd());
  const { value: written } = await readConfigFile(project.config.file);
  const file = basename(project.config.file);
  for (const { name, value, isWritten } of settings(project, written))
    if (name !== "target" || options.target === undefined)
      report({ event: "setting", name, value, origin: isWritten ? file : "default" });
    else report({ event: "setting", name, value: options.target, origin: "--target" });
}

interface Setting {
  readonly name: string;
  readonly value: unknown;
  readonly isWritten: boolean;
}

/** Each value of the configuration by its path; what has no value is null. */
function settings(project: Project, written: unknown): Setting[] {
  const {
    root,
    bundle,
    steps,
    sync,
    executable,
    watch,
    restart,
    run,
    tinydocker,
    env,
    envFile,
    asRoot,
    warm,
    ports,
    targets,
    target,
  } = project;
  const { options = {}, ...ours } = bundle ?? {};
  const { plugins, ...rest } = options;
  const bundled = { ...ours, ...rest, ...(plugins && { plugins: plugins.map(({ name }) => name) }) };
  const values: Record<string, unknown> = {
    root,
    ...Object.fromEntries(Object.entries(bundled).map(([key, value]) => [`bundle.${key}`, value])),
    build: steps,
    "sync.include": sync.include,
    "sync.exclude": sync.exclude,
    "sync.executable": executable,
    "watch.poll": watch.poll ?? null,
    "restart.ignore": restart.ignore,
    run,
    tinydocker,
    ...Object.fromEntries(Object.entries(env).map(([key, value]) => [`env.${key}`, value])),
    // Only its path: a file of its own is often where secrets are.
    envFile: envFile ?? null,
    asRoot,
    warm,
    forward: [...ports.forward.map(mappingText), ...(ports.published ? [PUBLISHED] : [])],
    reverse: ports.reverse.map(mappingText),
    ...Object.fromEntries(Object.entries(targets).map(([key, value]) => [`targets.${key}`, value])),
    target: target.length > 0 ? target : null,
  };
  return Object.entries(values).map(([name, value]) => ({ name, value, isWritten: isAt(written, name.split(".")) }));
}

/** Whether a value has something at this path; the build steps may be written in three places. */
function isAt(value: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  if (typeof value !== "object" || value === null) return false;
  const keys = key === "build" ? ["build", "native", "afterSync"] : [key];
  return keys.some((name) => name in value && isAt((value as Record<string, unknown>)[name], rest));
}
