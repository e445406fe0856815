import { posix } from "node:path";
import type { BuildMemory } from "../../build/build.ts";
import type { BuildStep } from "../../build/step.ts";
import type { Project } from "../../config/project.ts";
import { ConnectionLost, type Failure, onTarget } from "../../failure.ts";
import { abortable } from "../../process/abortable.ts";
import type { Report } from "../../report/events.ts";
import { reportOf } from "../../report/origin.ts";
import { greet, type Server, serverCommand, startServer } from "../../sync/server.ts";
import { capture } from "../../targets/capture.ts";
import type { Connection, Target, TargetFacts } from "../../targets/target.ts";
import type { Since } from "../../watch/since.ts";
import { findMirror } from "./find-mirror.ts";
import { refuseWrongPrograms } from "./named-programs.ts";
import { News } from "./news.ts";
import { SentFiles } from "./sent.ts";

/** An open connection to a target, and facts about the target. */
export interface Connected {
  readonly connection: Connection;
  readonly facts: TargetFacts;
  /** The absolute path of the project's mirror on the target. */
  readonly mirror: string;
  /** Its rsync, where it is not the one in its PATH. */
  readonly rsync: string | undefined;
  /** Which machine it is, by its id, whatever name the target has; without an id by the target's settings. */
  readonly machine: string;
  /** Whether the target's settings want the program to run as root. */
  readonly sudo: boolean | undefined;
  /** The user that it runs as. */
  readonly runsAs: string;
}

/** A lane while a round works in it. */
export interface OpenLane extends Connected {
  readonly lane: Lane;
  /** The round's, for this target. */
  readonly report: Report;
}

/** Where a lane's connection comes from: opened once, or again after each loss. */
export interface ConnectionSource {
  current(): Promise<Connected>;
  /** Closes one that turned out to be lost. */
  drop(lost: Connected, why: ConnectionLost): void;
}

/** What a target has: one for each target of a session, over all its connections. */
export interface Lane {
  /** The target's name. */
  readonly target: string;
  readonly connections: ConnectionSource;
  /** What its mirror may lack: paths relative to the project, posix, as bytes, or everything. */
  unsent: Set<string> | "everything";
  /** Started while the bundle is built, for the sync that follows. */
  ahead: Server | undefined;
  /** What its mirror has of the project, once that is known. */
  sent: Promise<SentFiles> | undefined;
  /** Which packages beside the bundle it has, or are among what is unsent. */
  packages: string | undefined;
  /** What its build steps were last built from, by the step's name. */
  readonly builds: Map<string, BuildMemory>;
  /** What has been said of files that its syncs left out, or could not delete there. */
  readonly news: News;
  /** Settles once no round works in it, and no command of a round is running. */
  idle: Promise<void>;
}

export function createLane(target: string, connections: ConnectionSource): Lane {
  return {
    target,
    connections,
    unsent: "everything",
    ahead: undefined,
    sent: undefined,
    packages: undefined,
    builds: new Map(),
    news: new News(),
    idle: Promise.resolve(),
  };
}

/** Connected, where the mirror may be one that is refused. */
export interface Reached extends Connected {
  readonly refused: Failure | undefined;
}

/** @throws Failure */
export async function connect(target: Target, place: Place, report: Report, signal: AbortSignal): Promise<Connected> {
  const { refused, ...connected } = await reach(target, place, report, signal);
  if (refused === undefined) return connected;
  await connected.connection.close();
  throw refused;
}

/** For what neither changes nor reads the mirror. @throws Failure */
export async function reach(target: Target, place: Place, report: Report, signal: AbortSignal): Promise<Reached> {
  return await onTarget(target.name, open(target, place, reportOf(report, { target: target.name }), signal));
}

/** Of a project: where it is, and whether its program needs root. */
export type Place = Pick<Project, "root" | "asRoot">;

async function open(target: Target, place: Place, report: Report, signal: AbortSignal): Promise<Reached> {
  const started = performance.now();
  report({ event: "stage", stage: "connect" });
  const connection = await target.connect(signal);
  try {
    const facts = await connection.facts();
    await refuseWrongPrograms(target, connection, signal);
    signal.throwIfAborted();
    const { platform, arch, libc, node, user } = facts;
    const { sudo } = target;
    const { machine, mirror: folder, rsync } = target.settings ?? {};
    const needsRoot = (sudo ?? place.asRoot) && facts.uid !== 0;
    const [{ machineId, ...found }, runsAs] = await Promise.all([
      findMirror(connection, { facts, target: target.name, folder }, place.root, signal),
      needsRoot ? rootOr(user, connection, signal) : user,
    ]);
    const milliseconds = performance.now() - started;
    report({ event: "connected", kind: target.kind, platform, arch, libc, node, user, runsAs, milliseconds });
    return { connection, facts, ...found, rsync, machine: machineId ?? machine ?? target.name, sudo, runsAs };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Who a program that is to run as root runs as: root, or the login user where the target does not allow it. */
async function rootOr(user: string, connection: Connection, signal: AbortSignal): Promise<string> {
  const { stdout } = await capture(connection, ["id", "-u"], { asRoot: true, signal });
  return stdout.toString().trim() === "0" ? "root" : user;
}

/** Called where the mirror may change unseen: over a new connection, or after a refusal, by another devtool with --force. */
export function forgetMirror(lane: Lane): void {
  lane.unsent = "everything";
  lane.sent = undefined;
  lane.builds.clear();
}

/** Starts rsync for a watch round. What goes wrong is reported by the sync, which then starts another. */
export async function startAhead(lane: Lane): Promise<void> {
  if (lane.unsent === "everything" || lane.ahead) return;
  const { connection, mirror, rsync } = await lane.connections.current();
  lane.ahead ??= startServer(connection, serverCommand({ mirror, rsync }, "content"));
  await greet(lane.ahead);
}

/**
 * Since when a change counts that is made while the first folders begin to be watched: what nothing has read yet need not be
 * looked at, for the first sync finds it as it is. Ignore files have been read, and a bundler reads at once.
 */
export function sinceRead({ project }: { readonly project: Pick<Project, "bundle"> }, lanes: readonly Lane[]): Since {
  const started = Date.now();
  const hasSent = () => lanes.some(({ unsent }) => unsent !== "everything");
  const isRead = (path: string) => hasSent() || posix.basename(path) === ".gitignore";
  return project.bundle ? started : (path) => (isRead(path) ? started : Number.POSITIVE_INFINITY);
}

/** Remembers paths until a sync has sent them, since the round may be abandoned before. null: everything. */
export function addUnsent(lane: Lane, paths: readonly string[] | null): void {
  if (paths === null) lane.unsent = "everything";
  else if (lane.unsent !== "everything") for (const path of paths) lane.unsent.add(path);
}

/**
 * Whether a program that was started since the last sync would be the same again, as after a change in a comment. A source
 * map may differ.
 */
export function hasSameProgram({ unsent }: Lane): boolean {
  return unsent !== "everything" && [...unsent].every((path) => path.endsWith(".map"));
}

/** Whether its mirror lacks nothing. */
export function isSent({ unsent }: Lane): boolean {
  return unsent !== "everything" && unsent.size === 0;
}

/** What is known about a step's last build in this lane. */
export function buildMemory({ builds }: Lane, { name }: BuildStep): BuildMemory {
  const memory = builds.get(name) ?? { stamp: undefined, isStale: true, digests: new Map() };
  builds.set(name, memory);
  return memory;
}

/**
 * Runs a round's work in a lane, after that of older rounds: an abandoned one still has to end what it started. Rejects
 * with the signal's reason if aborted before that; once it runs, `work` watches the signal itself. `after`: what it waits for
 * instead.
 */
export async function inLane<T>(
  lane: Lane,
  { report, signal }: { readonly report: Report; readonly signal: AbortSignal },
  work: (open: OpenLane) => Promise<T>,
  after: Promise<void> = lane.idle,
): Promise<T> {
  const laneReport = reportOf(report, { target: lane.target });
  const turn = after.then(async () => {
    const connected = await abortable(lane.connections.current(), signal);
    try {
      return await onTarget(lane.target, work({ lane, report: laneReport, ...connected }));
    } catch (error) {
      if (error instanceof ConnectionLost && !signal.aborted) lane.connections.drop(connected, error);
      throw error;
    }
  });
  lane.idle = Promise.allSettled([lane.idle, turn]).then(() => {});
  return await turn;
}

/** What a lane's mirror has of the project. */
export async function sentFiles({ lane, machine, mirror }: OpenLane): Promise<SentFiles> {
  lane.sent ??= SentFiles.read(machine, mirror);
  return await lane.sent;
}
