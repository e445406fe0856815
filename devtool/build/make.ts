import type { Filter } from "../ignore/filter.ts";
import type { Difference } from "./stamp.ts";
import type { BuildStep } from "./step.ts";

/** The step for a folder with a Makefile; `target` is the goal to make; default: the first. */
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
 * make compares modification times, but the clocks of two machines differ. So the changed files are passed to it (-W),
 * or everything is made (-B) where that would not be enough.
 */
export function makeFlags({ changed, needsAll }: Difference): readonly string[] {
  // -W has no effect on a make that this one starts in another folder, nor for a makefile.
  const isPlain = changed.every((path) => !path.includes("/") && !/makefile|\.mk$/i.test(path));
  if (needsAll || !isPlain || changed.length > NEW_FILES_MAX) return ALL_FLAGS;
  return changed.flatMap((path) => ["-W", path]);
}
