import { Failure } from "../../failure.ts";
import { capture } from "../../targets/capture.ts";
import type { Connection, PlaceSettings, Target } from "../../targets/target.ts";

/** The settings of a target that are a program's path there. */
const FIELDS = ["node", "shell", "rsync"] as const;

export interface WrongProgram {
  readonly field: (typeof FIELDS)[number];
  readonly path: string;
  readonly why: "is not an executable file there" | "is not Node.js";
}

export const WRONG_PROGRAM =
  "correct the path in the target's settings, or leave it out: devtool then looks for one itself";

/** Prints those of its arguments, FIELD PATH, that lead to no program, and which are not Node.js where they should be. */
const WRONG = `for each; do
  path=\${each#* }
  case $path in "~/"*) at=$HOME/\${path#??} ;; *) at=$path ;; esac
  if ! { [ -f "$at" ] && [ -x "$at" ]; }; then printf 'missing %s\\n' "$each"; continue; fi
  case $each in "node "*)
    case $("$at" --version </dev/null 2>/dev/null) in v[0-9]*) ;; *) printf 'other %s\\n' "$each" ;; esac ;;
  esac
done`;

/** Programs that a target's settings name, and that are not there or not what they should be. */
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
  const { stdout } = await capture(connection, ["sh", "-c", WRONG, "sh", ...named.map(wordsOf)], { signal });
  const lines = stdout.toString().split("\n");
  return named.flatMap((one): WrongProgram[] => {
    if (lines.includes(`missing ${wordsOf(one)}`)) return [{ ...one, why: "is not an executable file there" }];
    return lines.includes(`other ${wordsOf(one)}`) ? [{ ...one, why: "is not Node.js" }] : [];
  });
}

function wordsOf({ field, path }: Pick<WrongProgram, "field" | "path">): string {
  return `${field} ${path}`;
}

/** @throws Failure, exit code 2 */
export async function refuseWrongPrograms(
  { name, settings }: Pick<Target, "name" | "settings">,
  connection: Connection,
  signal: AbortSignal,
): Promise<void> {
  const wrong = await wrongPrograms(settings, connection, signal);
  if (wrong.length === 0) return;
  const each = wrong.map(({ field, path, why }) => `\`${field}\`, ${path}, ${why}`).join("; ");
  throw new Failure(`the settings of ${name} name wrong programs: ${each}`, {
    code: "config-invalid",
    remedy: WRONG_PROGRAM,
    exitCode: 2,
  });
}
