import type { Filter } from "../ignore/filter.ts";
import type { Difference } from "./stamp.ts";
import type { BuildStep } from "./step.ts";

/** The step for a folder with a Makefile; `target` is the goal that make is given, if it is not the first. */
export function makeStep(
  { folder, target }: { readonly folder: string; readonly target: string | undefined },
  inputs: Pick<Filter, "includes">,
): BuildStep {
  const goals = target === undefined ? [] : [target];
  return { name: folder, folder, argv: ["make", "-C", folder, ...goals], inputs };
}

/** Exits with 0 where all that make would make is there and newer than what it is made from. */
export function queryArgv({ argv }: BuildStep): string[] {
  return [...argv, "-q"];
}

/** Says which directory make is in, for the diagnostics' paths, and not each command. */
export function buildArgv({ argv }: BuildStep, flags: readonly string[]): string[] {
  return [...argv, ...flags, "--silent", "--print-directory"];
}

export const ALL_FLAGS: readonly string[] = ["-B"];

const NEW_FILES_MAX = 100;

/**
 * make itself goes by modification times, and the clocks of two machines differ: so it is told which files are new (-W),
 * or to make everything (-B) where -W would miss something.
 */
export function makeFlags({ changed, isWhole }: Difference): readonly string[] {
  // A make that is started by this one works in another folder and is not told of -W; nor is one told what a makefile changes.
  const isPlain = changed.every((path) => !path.includes("/") && !/makefile|\.mk$/i.test(path));
  if (isWhole || !isPlain || changed.length > NEW_FILES_MAX) return ALL_FLAGS;
  return changed.flatMap((path) => ["-W", path]);
}
