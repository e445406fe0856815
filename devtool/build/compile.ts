import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { text } from "node:stream/consumers";
import { COMPILED_STAMP } from "../config/project.ts";
import { Failure } from "../failure.ts";
import { eachLine } from "../process/lines.ts";
import type { Diagnostic } from "../report/diagnostic.ts";
import type { SyncReport } from "../sync/sync.ts";
import type { Connection, HostFacts } from "../targets/target.ts";
import { createCompilerReader } from "./diagnostics/gcc.ts";

export interface CompileRequest {
  /** The target's name, for messages. */
  readonly where: string;
  readonly root: string;
  /** Relative to the project, posix. */
  readonly folder: string;
  readonly target: string | undefined;
  /** Whether a path of the project is in the mirror. */
  readonly includes: (path: string, isDirectory: boolean) => boolean;
  readonly onLine: (text: string, diagnostic: Diagnostic | undefined) => void;
}

export interface CompileReport {
  /** False where nothing had changed since the last time, in whatever session that was. */
  readonly compiled: boolean;
  readonly milliseconds: number;
}

/** What was compiled in a mirror; kept there too, beside what came of it. */
export interface Stamp {
  /** Path below the native folder → SHA-256 of its content. */
  readonly files: Readonly<Record<string, string>>;
  /** What else decides: the command, and the machine. */
  readonly how: string;
}

/** The program does not compile; the next save may mend it. */
export class CompileFailure extends Failure {
  constructor(message: string) {
    super(message, { code: "build-failed" });
  }
}

/**
 * Runs make where the native sources are not those it ran on last; `memory` keeps from round to round which those were.
 * @throws CompileFailure; Failure when the target lacks make or a compiler
 */
export async function compile(
  connection: Connection,
  { mirror }: Pick<SyncReport, "mirror">,
  request: CompileRequest,
  memory: { stamp: Stamp | undefined },
  signal: AbortSignal,
): Promise<CompileReport> {
  const started = performance.now();
  const make = ["make", "-C", request.folder, ...(request.target === undefined ? [] : [request.target])];
  const now: Stamp = { files: await digests(request), how: howOf(make, await connection.facts()) };
  const last = memory.stamp ?? (await readStamp(connection, mirror, make, signal));
  const flags = last === undefined ? ["-B"] : makeFlags(last, now, request.folder);
  if (flags !== undefined) {
    // A make that fails or is ended may have made some of it: what it was told of stays new.
    memory.stamp = last && flags[0] !== "-B" ? unchanged(last, now) : undefined;
    await runMake(connection, mirror, [...make, ...flags], now, request, signal);
  }
  memory.stamp = now;
  return { compiled: flags !== undefined, milliseconds: performance.now() - started };
}

function unchanged(last: Stamp, now: Stamp): Stamp {
  return {
    ...last,
    files: Object.fromEntries(Object.entries(last.files).filter(([name, digest]) => now.files[name] === digest)),
  };
}

function howOf(make: readonly string[], { arch, libc }: HostFacts): string {
  return JSON.stringify([make, arch, libc]);
}

async function digests({ root, folder, includes }: CompileRequest): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const visit = async (path: string): Promise<void> => {
    for (const entry of await readdir(join(root, folder, path), { withFileTypes: true })) {
      const inner = posix.join(path, entry.name);
      if (!includes(posix.join(folder, inner), entry.isDirectory())) continue;
      if (entry.isDirectory()) await visit(inner);
      else files[inner] = await digest(join(root, folder, inner));
    }
  };
  await visit("");
  return files;
}

async function digest(file: string): Promise<string> {
  const content = await readFile(file).catch(() => Buffer.alloc(0)); // gone since: the next round is about it
  return createHash("sha256").update(content).digest("hex");
}

/** The last session's, as long as make finds what it made still there. */
async function readStamp(
  connection: Connection,
  mirror: string,
  make: readonly string[],
  signal: AbortSignal,
): Promise<Stamp | undefined> {
  const script = `cat ${COMPILED_STAMP} 2>/dev/null || exit 1; exec "$@" -q >/dev/null 2>&1`;
  const asked = await connection.exec(["sh", "-c", script, "sh", ...make], { cwd: mirror, signal });
  asked.stderr.resume();
  const [said, status] = await Promise.all([text(asked.stdout), asked.exited]);
  if (status.code !== 0) return undefined;
  try {
    return JSON.parse(said) as Stamp;
  } catch {
    return undefined;
  }
}

const NEW_FILES_MAX = 100;

/**
 * What to tell make; undefined: there is nothing to do. Make itself goes by times, and the clocks of two machines
 * differ, so it is told what is new (-W), or to make all (-B) where that does not say it.
 */
function makeFlags(last: Stamp, now: Stamp, folder: string): string[] | undefined {
  const names = Object.keys(now.files);
  const changed = names.filter((name) => last.files[name] !== now.files[name]);
  const isFewer = Object.keys(last.files).some((name) => !(name in now.files));
  if (changed.length === 0 && !isFewer && last.how === now.how) return undefined;
  // A make started by this one goes into another folder and is not told of -W.
  const isPlain = changed.every((name) => !name.includes("/") && !/makefile|\.mk$/i.test(name));
  if (isFewer || last.how !== now.how || !isPlain || changed.length > NEW_FILES_MAX || folder === "") return ["-B"];
  return changed.flatMap((name) => ["-W", name]);
}

async function runMake(
  connection: Connection,
  mirror: string,
  argv: readonly string[],
  stamp: Stamp,
  request: CompileRequest,
  signal: AbortSignal,
): Promise<void> {
  // One stream, because make's word on the directory it is in belongs between the compiler's lines.
  const script = `rm -f ${COMPILED_STAMP}; "$@" --silent --print-directory </dev/null 2>&1 && cat >${COMPILED_STAMP}`;
  const env = { LC_ALL: "C.UTF-8", GCC_COLORS: "", TERM: "dumb" };
  const make = await connection.exec(["sh", "-c", script, "sh", ...argv], { cwd: mirror, env, signal });
  make.stdin.end(JSON.stringify(stamp));
  make.stderr.resume();
  const read = createCompilerReader(mirror);
  let [errors, lacking] = [0, ""];
  const lines = eachLine(make.stdout, (line) => {
    const understood = read(line);
    if (!understood) return;
    if (understood.diagnostic?.severity === "error") errors++;
    lacking ||= missingProgram(line);
    request.onLine(understood.text, understood.diagnostic);
  });
  const [status] = await Promise.all([make.exited, lines]);
  signal.throwIfAborted();
  if (status.code === 0) return;
  if (lacking !== "") throw lacks(lacking, request.where);
  throw new CompileFailure(
    `${request.folder} does not compile${errors === 0 ? "" : `: ${errors} error${errors === 1 ? "" : "s"}`}`,
  );
}

/** As dash and make say it. */
function missingProgram(line: string): string {
  const shell =
    /^(?:sh|\/bin\/sh): (?:line )?\d+: (?:exec: )?([\w.+-]+): (?:(?:command )?not found|Permission denied)$/.exec(line);
  const make = /^make(?:\[\d+\])?: ([\w.+-]+): (?:No such file or directory|Permission denied)$/.exec(line);
  return shell?.[1] ?? make?.[1] ?? "";
}

function lacks(program: string, where: string): Failure {
  return new Failure(`${where} has no ${program}, which compiling needs`, {
    code: "tool-missing",
    remedy: `install it there: devtool provision --target ${where} (Debian and Ubuntu)`,
    exitCode: 2,
  });
}
