import type { Project, ProjectBundle } from "../config/project.ts";
import { Failure } from "../failure.ts";
import { type Inspect, inspectable } from "./inspect.ts";
import { type BundleFacts, withNodeOptions } from "./node-options.ts";

/** The project's command with CMD…, and with what Node.js or a debugger needs. @throws Failure where there is none */
export function commandLine(
  { run, bundle }: Pick<Project, "run" | "bundle">,
  words: readonly string[],
  inspect: Inspect | undefined,
): string[] {
  const argv = [...run, ...words];
  if (argv.length > 0) {
    const ended = bundle ? withNodeOptions(argv, factsOf(bundle)) : argv;
    return inspect ? inspectable(ended, inspect) : ended;
  }
  throw new Failure("there is no command to run", {
    code: "usage",
    remedy: "give one after the options, or set `run` in the configuration",
    exitCode: 2,
  });
}

function factsOf({ outdir, options: { sourcemap } }: ProjectBundle): BundleFacts {
  return { outdir, hasSourceMaps: sourcemap !== false && sourcemap !== "external" };
}
