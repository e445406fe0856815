import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { BUILD_STAMPS } from "../config/project.ts";
import { Failure } from "../failure.ts";
import { localPath } from "../paths/bytes.ts";
import { eachLine } from "../process/lines.ts";
import type { Diagnostic } from "../report/diagnostic.ts";
import { capture } from "../targets/capture.ts";
import { installRemedy } from "../targets/install-remedy.ts";
import type { Connection, ExitStatus, TargetFacts } from "../targets/target.ts";
import { missingProgram } from "./diagnostics/missing-program.ts";
import { createToolReader } from "./diagnostics/reader.ts";
import { currentStamp, type Digests, decodeStamp, difference, encodeStamp, type Stamp, withUnknown } from "./stamp.ts";
import type { BuildStep } from "./step.ts";

/** Where a step is built. */
export interface BuildPlace {
  /** The target's name, for messages. */
  readonly target: string;
  readonly connection: Connection;
  readonly facts: TargetFacts;
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
  readonly digests: Digests;
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
  /** Whether it would have replaced a file that a program runs from (ETXTBSY). */
  readonly isInUse: boolean;

  constructor(message: string, isInUse: boolean) {
    super(message, { code: "build-failed" });
    this.isInUse = isInUse;
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
  const now = await currentStamp(place.root, step, place.facts, memory.digests);
  const { last, isThere } = memory.stamp ? { last: memory.stamp, isThere: true } : await lastBuild(step, place, signal);
  const changes = last && difference(last, now);
  const isNeeded = changes !== undefined || !isThere;
  if (isNeeded) {
    const isAnew = changes === undefined || changes.needsAll;
    // A build that fails or is aborted may have used some of the changes: all of them stay changed until a build
    // succeeds.
    memory.stamp = last && !isAnew ? withUnknown(last, changes) : undefined;
    const paths = isAnew ? [...now.files.keys()] : changes.changed;
    // Build tools compare modification times, but a source has its time from the developer's clock, and what was made of
    // it from the target's: while the tool runs, what changed has the target's too.
    await xargs(["touch", "-c", "-m", "--"], paths, place, signal);
    await runStep(step, isAnew, [memory.stamp, now], place, onLine, signal).finally(() =>
      restoreTimes(paths, place, signal),
    );
  }
  memory.stamp = now;
  memory.isStale = false;
  return { built: isNeeded, milliseconds: performance.now() - started };
}

/** Runs a command with words appended, which are bytes, in the mirror. */
async function xargs(
  argv: readonly string[],
  words: readonly string[],
  { connection, mirror }: BuildPlace,
  signal: AbortSignal,
): Promise<void> {
  const input = words.map((word) => `${word}\0`).join("");
  await capture(connection, ["xargs", "-0", ...argv], { cwd: mirror, signal }, Buffer.from(input, "latin1"));
}

/** Otherwise the next full sync would take them for changed. */
async function restoreTimes(paths: readonly string[], place: BuildPlace, signal: AbortSignal): Promise<void> {
  const times = await Promise.all(
    paths.map((path) => stat(localPath(place.root, path), { bigint: true }).catch(() => undefined)),
  );
  const pairs = paths.flatMap((path, i) => {
    const time = times[i]?.mtimeNs;
    return time === undefined ? [] : [`@${time / SECOND}.${String(time % SECOND).padStart(9, "0")}`, `./${path}`];
  });
  if (!signal.aborted && pairs.length > 0) await xargs(["-n", "2", "touch", "-c", "-m", "-d"], pairs, place, signal);
}

const SECOND = 1_000_000_000n;

/** Where the mirror records what the step was built from. */
function stampPath({ name }: BuildStep): string {
  return `${BUILD_STAMPS}/${encodeURIComponent(name)}`;
}

/** What the last session built from, and whether what it built is still there. */
async function lastBuild(
  step: BuildStep,
  { connection, mirror }: BuildPlace,
  signal: AbortSignal,
): Promise<{ readonly last: Stamp | undefined; readonly isThere: boolean }> {
  const script = 'cat "$1" 2>/dev/null || exit 1; shift; exec "$@" >/dev/null 2>&1';
  const argv = ["sh", "-c", script, "sh", posix.join(mirror, stampPath(step)), ...(step.query ?? ["true"])];
  const { status, stdout } = await capture(connection, argv, { cwd: posix.join(mirror, step.folder), signal });
  const last = decodeStamp(stdout.toString());
  return { last, isThere: last !== undefined && status.code === 0 };
}

/** One stream for both, because where make says which directory it is in decides what the compiler's lines mean. */
const RUN = `stamp=$1; shift; mkdir -p "$(dirname "$stamp")"; cat >"$stamp.new" && head -n 1 "$stamp.new" >"$stamp"
"$@" </dev/null 2>&1 && tail -n 1 "$stamp.new" >"$stamp"; code=$?; rm -f "$stamp.new"; exit $code`;

/** Stores a stamp in the mirror before it runs the step, and another once it has been built. */
async function runStep(
  step: BuildStep,
  isAnew: boolean,
  [before, after]: readonly [Stamp | undefined, Stamp],
  { target, connection, root, mirror }: BuildPlace,
  onLine: OnLine,
  signal: AbortSignal,
): Promise<void> {
  const env = { LC_ALL: "C.UTF-8", GCC_COLORS: "", TERM: "dumb" };
  const command = isAnew ? (step.anew ?? step.argv) : step.argv;
  const argv = ["sh", "-c", RUN, "sh", posix.join(mirror, stampPath(step)), ...command];
  const tool = await connection.exec(argv, { cwd: posix.join(mirror, step.folder), env, signal });
  tool.stdin.end(`${before ? encodeStamp(before) : ""}\n${encodeStamp(after)}`);
  tool.stderr.resume();
  const { folder } = step;
  const read = createToolReader({ mirror, folder, hasFile: (path) => existsSync(join(root, path)) });
  let [errors, missing, isInUse] = [0, "", false];
  const lines = eachLine(tool.stdout, (line) => {
    // What a tool says that was ended is no fault of the sources.
    if (signal.aborted) return;
    const understood = read(line);
    if (!understood) return;
    if (understood.diagnostic?.severity === "error") errors++;
    missing ||= missingProgram(line);
    isInUse ||= /text file (?:is )?busy/i.test(line);
    onLine(understood.text, understood.diagnostic);
  });
  const [status] = await Promise.all([tool.exited, lines]);
  signal.throwIfAborted();
  if (status.code === 0) return;
  if (missing !== "") throw missingTool(missing, step, target);
  const what = errors === 0 ? endWords(status) : `does not compile: ${errorCount(errors)}`;
  throw new BuildFailure(`${step.name} ${what}`, isInUse);
}

/** A step may be any command: one that reports no error says with its exit code alone that it failed. */
function endWords({ code, signal }: ExitStatus): string {
  return signal === null ? `failed with exit code ${code}` : `was ended by ${signal}`;
}

function errorCount(errors: number): string {
  return `${errors} error${errors === 1 ? "" : "s"}`;
}

/** What runs to its end, such as `npm ci`, compiles nothing. */
function missingTool(program: string, { name, runsToEnd }: BuildStep, target: string): Failure {
  return new Failure(`${target} has no ${program}, which ${runsToEnd ? `\`${name}\`` : "compiling"} needs`, {
    code: "tool-missing",
    remedy: installRemedy(program, `devtool provision --target ${target}`),
    exitCode: 2,
  });
}
