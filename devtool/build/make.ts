import type { Filter } from "../ignore/filter.ts";
import type { Difference } from "./stamp.ts";
import type { BuildStep } from "./step.ts";

/** The step for a folder with a Makefile; `target` is the goal to make, the first one without it. */
export function makeStep(
  { folder, target }: { readonly folder: string; readonly target: string | undefined },
  inputs: Pick<Filter, "includes">,
): BuildStep {
  const goals = target === undefined ? [] : [target];
  return { name: folder, folder, argv: ["make", "-C", folder, ...goals], inputs };
}

/** Exits with 0 if make finds everything up to date. */
export function queryArgv({ argv }: BuildStep): string[] {
  return [...argv, "-q"];
}

/** Prints which directory make is in, which the diagnostics' paths depend on, but not each command. */
export function buildArgv({ argv }: BuildStep, flags: readonly string[]): string[] {
  return [...argv, ...flags, "--silent", "--print-directory"];
}

export const ALL_FLAGS: readonly string[] = ["-B"];

const NEW_FILES_MAX = 100;

/**
 * make compares modification times, but the clocks of two machines differ. So the changed files are passed to it (-W), or
 * it has to make everything (-B) where that would not be enough.
 */
export function makeFlags({ changed, isWhole }: Difference): readonly string[] {
  // -W does not reach a make that this one starts in another folder, and does not say what a changed makefile means.
  const isPlain = changed.every((path) => !path.includes("/") && !/makefile|\.mk$/i.test(path));
  if (isWhole || !isPlain || changed.length > NEW_FILES_MAX) return ALL_FLAGS;
  return changed.flatMap((path) => ["-W", path]);
}
