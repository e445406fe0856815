import { existsSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { COMPILED_STAMP } from "../config/project.ts";
import { Failure } from "../failure.ts";
import { eachLine } from "../process/lines.ts";
import type { Diagnostic } from "../report/diagnostic.ts";
import type { Connection, HostFacts } from "../targets/target.ts";
import { missingProgram } from "./diagnostics/missing-program.ts";
import { createToolReader } from "./diagnostics/reader.ts";
import { ALL_FLAGS, buildArgv, makeFlags, queryArgv } from "./make.ts";
import { currentStamp, decodeStamp, difference, encodeStamp, type Stamp, withoutChanged } from "./stamp.ts";
import type { BuildStep } from "./step.ts";

/** Where a step is built. */
export interface BuildPlace {
  /** The target's name, for messages. */
  readonly target: string;
  readonly connection: Connection;
  readonly facts: HostFacts;
  /** The project's absolute path on this machine, and its mirror's on the target. */
  readonly root: string;
  readonly mirror: string;
}

/** What a session remembers about a step from one round to the next. */
export interface BuildMemory {
  /** What it was last built from; undefined if only the mirror knows. */
  stamp: Stamp | undefined;
  /** Whether inputs may have been sent to the mirror since. */
  isStale: boolean;
}

export interface BuildReport {
  /** False where nothing had changed since the last build, in this session or an earlier one. */
  readonly built: boolean;
  readonly milliseconds: number;
}

/** Receives each line that a tool prints, with paths relative to the project. */
export type OnLine = (text: string, diagnostic: Diagnostic | undefined) => unknown;

/** The program does not compile; the next save may fix it. */
export class BuildFailure extends Failure {
  constructor(message: string) {
    super(message, { code: "build-failed" });
  }
}

/**
 * Builds a step in the mirror, unless it was already built from the same inputs.
 * @throws BuildFailure; Failure when the target lacks make or a compiler
 */
export async function build(
  step: BuildStep,
  place: BuildPlace,
  memory: BuildMemory,
  onLine: OnLine,
  signal: AbortSignal,
): Promise<BuildReport> {
  const started = performance.now();
  const now = await currentStamp(place.root, step, place.facts);
  const last = memory.stamp ?? (await readStamp(step, place, signal));
  const changes = last && difference(last, now);
  const isNeeded = last === undefined || changes !== undefined;
  if (isNeeded) {
    const flags = changes === undefined ? ALL_FLAGS : makeFlags(changes);
    // A build that fails or is aborted may have used some of the changes: all of them stay changed until a build
    // succeeds.
    memory.stamp = last && changes && flags !== ALL_FLAGS ? withoutChanged(last, changes) : undefined;
    await runStep(step, flags, now, place, onLine, signal);
  }
  memory.stamp = now;
  memory.isStale = false;
  return { built: isNeeded, milliseconds: performance.now() - started };
}

/** Returns the stamp of the last session, provided that what it built is still there. */
async function readStamp(
  step: BuildStep,
  { connection, mirror }: BuildPlace,
  signal: AbortSignal,
): Promise<Stamp | undefined> {
  const script = `cat ${COMPILED_STAMP} 2>/dev/null || exit 1; exec "$@" >/dev/null 2>&1`;
  const query = await connection.exec(["sh", "-c", script, "sh", ...queryArgv(step)], { cwd: mirror, signal });
  query.stderr.resume();
  const [stored, status] = await Promise.all([text(query.stdout), query.exited]);
  return status.code === 0 ? decodeStamp(stored) : undefined;
}

/** Stores `stamp` in the mirror once the step has been built. */
async function runStep(
  step: BuildStep,
  flags: readonly string[],
  stamp: Stamp,
  { target, connection, root, mirror }: BuildPlace,
  onLine: OnLine,
  signal: AbortSignal,
): Promise<void> {
  // One stream for both, because where make says which directory it is in decides what the compiler's lines mean.
  const script = `rm -f ${COMPILED_STAMP}; "$@" </dev/null 2>&1 && cat >${COMPILED_STAMP}`;
  const env = { LC_ALL: "C.UTF-8", GCC_COLORS: "", TERM: "dumb" };
  const argv = ["sh", "-c", script, "sh", ...buildArgv(step, flags)];
  const tool = await connection.exec(argv, { cwd: mirror, env, signal });
  tool.stdin.end(encodeStamp(stamp));
  tool.stderr.resume();
  const read = createToolReader({ mirror, folder: step.folder, hasFile: (path) => existsSync(join(root, path)) });
  let [errors, missing] = [0, ""];
  const lines = eachLine(tool.stdout, (line) => {
    const understood = read(line);
    if (!understood) return;
    if (understood.diagnostic?.severity === "error") errors++;
    missing ||= missingProgram(line);
    onLine(understood.text, understood.diagnostic);
  });
  const [status] = await Promise.all([tool.exited, lines]);
  signal.throwIfAborted();
  if (status.code === 0) return;
  if (missing !== "") throw missingTool(missing, target);
  throw new BuildFailure(
    `${step.name} does not compile${errors === 0 ? "" : `: ${errors} error${errors === 1 ? "" : "s"}`}`,
  );
}

function missingTool(program: string, target: string): Failure {
  return new Failure(`${target} has no ${program}, which compiling needs`, {
    code: "tool-missing",
    remedy: `install it there: devtool provision --target ${target} (Debian and Ubuntu)`,
    exitCode: 2,
  });
}
