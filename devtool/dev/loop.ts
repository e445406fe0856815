import type { Socket } from "node:net";
import type { Project } from "../config/project.ts";
import type { RunRequest } from "../control/messages.ts";
import { type Started, serve } from "../control/serve.ts";
import { listenForOthers } from "../control/socket.ts";
import { programVersion } from "../control/version.ts";
import { Failure, onTarget } from "../failure.ts";
import { abortable } from "../process/abortable.ts";
import type { Report } from "../report/events.ts";
import type { Forwards } from "../run/forward.ts";
import type { Reconnecting } from "../targets/reconnect.ts";
import type { Target } from "../targets/target.ts";
import { recordedStart } from "../trace/record.ts";
import { everything } from "../watch/pending-changes.ts";
import type { ChangeSet } from "../watch/watch.ts";
import { targetFor } from "./beside.ts";
import type { LoopOptions } from "./controls.ts";
import { forwardPorts, keepConnected } from "./keep-connected.ts";
import { type Connected, createLane, forgetMirror, type Lane, sinceRead } from "./lane/lane.ts";
import { LaneLoop, type NextRun } from "./lane-loop.ts";
import { Preparer } from "./prepare.ts";
import type { StartRequest } from "./round.ts";
import type { Session } from "./session.ts";
import { Watching } from "./workspace/watching.ts";
import { openWorkspace, reportProblems, type Workspace } from "./workspace/workspace.ts";

export interface Programs {
  readonly nextRun: NextRun;
  /** What another devtool asks for. @throws Failure */
  readonly beside: (project: Project, request: RunRequest) => StartRequest;
}

/**
 * Runs a round at every save, in a lane for each target, until an interrupt. @throws the interrupt, or Failure when the
 * loop can't continue
 */
export async function watchProject(session: Session, options: LoopOptions, programs: Programs): Promise<never> {
  const workspace = await abortable(openWorkspace(session.project), session.interrupts.signal);
  return await new Loop(session, options, programs, workspace).run();
}

/** As a time of performance.now(). */
const PROCESS_START = 0;

function beyondLimit({ message, remedy }: Failure): string {
  return `${message}: folders that are new are looked at every second or less often; ${remedy}`;
}

class Loop {
  readonly #session: Session;
  readonly #connections: readonly Reconnecting<Connected>[];
  readonly #lanes: readonly Lane[];
  /** By the target's name. */
  readonly #loops: ReadonlyMap<string, LaneLoop>;
  readonly #watching: Watching;
  readonly #preparer: Preparer;
  readonly #broken = new AbortController();
  readonly #stopping = new AbortController();
  /** Why targets could not be reached at the start. */
  readonly #unreachable: Failure[] = [];
  readonly #programs: Programs;
  #forwards: Forwards | undefined;

  constructor(session: Session, options: LoopOptions, programs: Programs, workspace: Workspace) {
    const { targets, report, mayDelete, interrupts } = session;
    this.#session = session;
    this.#programs = programs;
    const end = AbortSignal.any([interrupts.signal, this.#broken.signal]);
    const onFailed = (error: unknown) => this.#broken.abort(error);
    const joined = targets.map((target) => this.#join(target));
    this.#connections = joined.map(({ connections }) => connections);
    this.#lanes = joined.map(({ lane }) => lane);
    this.#watching = new Watching(workspace, {
      onChange: (changes) => this.#change(changes),
      onError: onFailed,
      onLimit: (failure) => report({ event: "notice", text: beyondLimit(failure) }),
    });
    const preparer = new Preparer(workspace, this.#lanes, { report, watching: this.#watching, end });
    const context = { options, nextRun: programs.nextRun, preparer, report, mayDelete, end, onFailed };
    this.#preparer = preparer;
    this.#loops = new Map(this.#lanes.map((lane) => [lane.target, new LaneLoop(lane, context)]));
  }

  async run(): Promise<never> {
    reportProblems(this.#preparer.workspace, this.#session.report);
    try {
      this.#forwards = await forwardPorts(this.#session, this.#connections);
      // The first round does not wait until all folders are watched: what is saved meanwhile is found by its time.
      this.#watching.start(sinceRead(this.#preparer.workspace, this.#lanes));
      this.#change(everything(PROCESS_START));
      // Of the program as it was when it was started: it may be built or installed again.
      const version = programVersion();
      const serveOne = (socket: Socket) =>
        void serve(socket, version, (request, report, signal) => this.#startFor(request, report, signal));
      await listenForOthers(this.#session.project.root, serveOne, this.#stopping.signal);
      return await Promise.race([...this.#loops.values()].map((loop) => loop.run()));
    } finally {
      await this.#stop();
    }
  }

  #join(target: Target) {
    const connections = keepConnected(target, this.#session, {
      onOpened: () => forgetMirror(lane),
      onReopened: () => this.#loops.get(target.name)?.rejoin(),
      mayWait: (why) => this.#mayWait(why),
      onFailed: (error) => this.#broken.abort(error instanceof Failure ? this.#worst(error) : error),
    });
    const lane = createLane(target.name, connections);
    return { connections, lane };
  }

  /** A target that can't be reached at the start is waited for as long as there is another one. */
  #mayWait(why: Failure): boolean {
    this.#unreachable.push(why);
    return this.#unreachable.length < this.#session.targets.length;
  }

  #worst(last: Failure): Failure {
    return this.#unreachable.reduce((worst, why) => (why.exitCode > worst.exitCode ? why : worst), last);
  }

  #change(changes: ChangeSet): void {
    for (const loop of this.#loops.values()) loop.change(changes);
  }

  /** What `devtool run` asks for. @throws Failure */
  async #startFor(request: RunRequest, report: Report, signal: AbortSignal): Promise<Started | undefined> {
    const target = targetFor(request, this.#session, this.#preparer.workspace.project);
    const loop = this.#loops.get(target ?? "");
    if (target === undefined || loop === undefined) return undefined;
    await this.#watching.caughtUp();
    const wanted = (project: Project) => this.#programs.beside(project, request);
    const round = { report, root: this.#session.project.root, since: performance.now() - request.age };
    const started = await recordedStart(round, (own) => onTarget(target, loop.startBeside(wanted, own, signal)));
    return started && { target, ...started };
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#loops.values()].map((loop) => loop.stopped()));
    this.#forwards?.close();
    await this.#watching.close();
    await this.#preparer.close();
    await Promise.all(this.#connections.map((connections) => connections.close()));
  }
}
