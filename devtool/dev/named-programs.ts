import { text } from "node:stream/consumers";
import { Failure } from "../failure.ts";
import type { Connection, PlaceSettings, Target } from "../targets/target.ts";

/** The settings of a target that are a program's path there. */
const FIELDS = ["node", "shell", "rsync"] as const;

export interface WrongProgram {
  readonly field: (typeof FIELDS)[number];
  readonly path: string;
}

export const WRONG_PROGRAM =
  "correct the path in the target's settings, or leave it out: devtool then looks for one itself";

/** Prints those of its arguments that lead to no program. */
const MISSING = `for path; do
  case $path in "~/"*) at=$HOME/\${path#??} ;; *) at=$path ;; esac
  { [ -f "$at" ] && [ -x "$at" ]; } || printf '%s\\n' "$path"
done`;

/** Programs that a target's settings name, and that are not there. */
export async function wrongPrograms(
  settings: PlaceSettings | undefined,
  connection: Connection,
  signal: AbortSignal,
): Promise<WrongProgram[]> {
  const named = FIELDS.flatMap((field) => {
    const path = settings?.[field];
    return path === undefined ? [] : [{ field, path }];
  });
  if (named.length === 0) return [];
  const test = await connection.exec(["sh", "-c", MISSING, "sh", ...named.map(({ path }) => path)], { signal });
  test.stdin.end();
  test.stderr.resume();
  const [said] = await Promise.all([text(test.stdout), test.exited]);
  const missing = said.split("\n");
  return named.filter(({ path }) => missing.includes(path));
}

/** @throws Failure, exit code 2 */
export async function refuseWrongPrograms(
  { name, settings }: Pick<Target, "name" | "settings">,
  connection: Connection,
  signal: AbortSignal,
): Promise<void> {
  const wrong = await wrongPrograms(settings, connection, signal);
  if (wrong.length === 0) return;
  const each = wrong.map(({ field, path }) => `\`${field}\` is ${path}`).join(", ");
  throw new Failure(`the settings of ${name} name what is no program there: ${each}`, {
    code: "config-invalid",
    remedy: WRONG_PROGRAM,
    exitCode: 2,
  });
}
