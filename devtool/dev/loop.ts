import { BundleFailure } from "../bundle/bundle-failure.ts";
import type { Project } from "../config/project.ts";
import { ConnectionLost, Failure } from "../failure.ts";
import { toText } from "../paths/bytes.ts";
import { abortable } from "../process/abortable.ts";
import type { Report } from "../report/events.ts";
import { reportFailure, reportOf } from "../report/origin.ts";
import type { Forwards } from "../run/forward.ts";
import type { Reconnecting } from "../targets/reconnect.ts";
import { everything, PendingChanges } from "../watch/pending-changes.ts";
import type { ChangeSet } from "../watch/watch.ts";
import { end, nextAfter, tellHeld } from "./busy.ts";
import type { LoopOptions } from "./controls.ts";
import { forwardPorts, keepConnected } from "./keep-connected.ts";
import { type Connected, createLane, forgetMirror, hasSameProgram, type Lane, sinceRead, startAhead } from "./lane.ts";
import { Refresher } from "./refresh.ts";
import { bundleStage, type Round, type Run, runInLane, updateBesideCommand } from "./round.ts";
import type { Session } from "./session.ts";
import type { Begun, Progress, Running, State } from "./state.ts";
import { Watching } from "./watching.ts";
import { openWorkspace, reportProblems, type Workspace } from "./workspace.ts";

/** What a round runs; the configuration may have been edited since the last one. */
type NextRun = (project: Project, report: Report) => Run;

/** Runs a round at every save, until an interrupt. @throws the interrupt, or Failure when the loop can't continue */
export async function watchProject(session: Session, options: LoopOptions, nextRun: NextRun): Promise<never> {
  const workspace = await abortable(openWorkspace(session.project), session.interrupts.signal);
  return await new Loop(session, options, nextRun, workspace).run();
}

/** As a time of performance.now(). */
const PROCESS_START = 0;

class Loop {
  readonly #session: Session;
  readonly #options: LoopOptions;
  readonly #nextRun: NextRun;
  #workspace: Workspace;
  readonly #refresher: Refresher;
  /** Settles once no round reads the configuration or the ignore files again. */
  #refreshed: Promise<unknown> = Promise.resolve();
  readonly #watching: Watching;
  readonly #connections: Reconnecting<Connected>;
  /** Several targets would have a lane each, and share the bundle. */
  readonly #lane: Lane;
  #forwards: Forwards | undefined;
  readonly #pending = new PendingChanges();
  /** Of the last round that starts the program. */
  #progress: Readonly<Progress> | undefined;
  /** The digest of those beside the bundle that it was started with. */
  #packages: string | undefined;
  /** What was saved while the program ran, where onBusy is "ignore": the next round takes it along. */
  #ignored: ChangeSet | undefined;
  readonly #broken = new AbortController();
  /** Aborted when the loop is to stop, with the reason. */
  readonly #end: AbortSignal;
  #state: State = { name: "starting" };
  #rounds = 0;

  constructor(session: Session, options: LoopOptions, nextRun: NextRun, workspace: Workspace) {
    const {
      targets: [target],
      interrupts,
    } = session;
    this.#session = session;
    this.#options = options;
    this.#nextRun = nextRun;
    this.#workspace = workspace;
    this.#refresher = new Refresher(workspace, () =>
      session.report({ event: "notice", text: "another target is used once devtool watch is started again" }),
    );
    this.#end = AbortSignal.any([interrupts.signal, this.#broken.signal]);
    this.#connections = keepConnected(target, session, {
      onOpened: () => forgetMirror(this.#lane),
      onReopened: () => this.#pending.put(everything(performance.now())),
      onFailed: (error) => this.#broken.abort(error),
    });
    this.#lane = createLane(target.name, this.#connections);
    this.#watching = new Watching(workspace, {
      onChange: (changes) => this.#pending.put(changes),
      onError: (error) => this.#broken.abort(error),
    });
  }

  async run(): Promise<never> {
    reportProblems(this.#workspace, this.#session.report);
    try {
      this.#forwards = await forwardPorts(this.#session, this.#connections);
      for (;;) this.#state = await this.#next();
    } finally {
      await this.#stop();
    }
  }

  async #next(): Promise<State> {
    const state = this.#state;
    const { controls } = this.#options;
    switch (state.name) {
      case "starting":
        // The first round does not wait until all folders are watched: what is saved meanwhile is found by its time.
        this.#watching.start(sinceRead(this.#workspace, this.#lane));
        this.#pending.put(everything(PROCESS_START));
        return { name: "waiting" };
      case "waiting":
        await this.#wait();
        if (this.#mayRunOn()) return await this.#update(state);
        return this.#mayReplace() ? await this.#replace(state) : this.#begin();
      case "running":
        await abortable(Promise.race([state.round, this.#pending.arrived(), controls.changed()]), this.#end);
        return await this.#afterRunning(state);
      case "stopping":
        throw new Error("the loop has stopped");
      default:
        return state satisfies never;
    }
  }

  /** Until a round may begin. */
  async #wait(): Promise<void> {
    const { controls } = this.#options;
    const wants = () => controls.wantsRun || (!this.#pending.isEmpty && !controls.isPaused);
    while (!wants()) {
      const change = this.#pending.isEmpty ? [this.#pending.arrived()] : [];
      await abortable(Promise.race([...change, controls.changed()]), this.#end);
    }
  }

  async #afterRunning(state: Running): Promise<State> {
    const { round, progress } = state;
    const { report } = this.#session;
    if (this.#mayRunOn()) return await this.#update(state);
    const next = nextAfter(progress, !this.#pending.isEmpty, this.#options);
    switch (next) {
      case "wait for a change":
        if (progress.isHolding && this.#options.onBusy === "ignore") this.#ignored = this.#pending.take();
        return { name: "waiting" };
      case "go on":
        return state;
      case "hold":
        tellHeld(progress, this.#options, report);
        await abortable(Promise.race([round, this.#options.controls.changed()]), this.#end);
        return state;
      case "begin the next":
        if (this.#mayReplace()) return await this.#replace(state);
        end(state, report);
        return this.#begin();
      default:
        return next satisfies never;
    }
  }

  /** Whether all that has changed is such that the program, which was started, need not be started again. */
  #mayRunOn(): boolean {
    const { controls } = this.#options;
    if (controls.wantsRun || controls.isPaused || !this.#progress?.hasStarted) return false;
    return this.#pending.areOnly(this.#workspace.keepsRunning);
  }

  /** A round that starts nothing, while that of the program goes on. A newer change abandons it. */
  async #update(state: State): Promise<State> {
    const newer = new AbortController();
    const round = this.#round({ ...this.#newRound(newer.signal), runsOn: true });
    await abortable(Promise.race([round, this.#pending.arrived(), this.#options.controls.changed()]), this.#end);
    newer.abort();
    await round;
    return state;
  }

  /** Whether a program was started that may be the same with the changes, or better than none. */
  #mayReplace(): boolean {
    return this.#progress?.hasStarted === true && !this.#options.controls.wantsRun;
  }

  /** The next round begins beside the program, which it ends once it has another to start. A newer change abandons it. */
  async #replace(older: State): Promise<State> {
    const next = this.#begin(older);
    const { controls } = this.#options;
    const newer = Promise.race([this.#pending.arrived(), controls.changed()]).then(() => true);
    const isAbandoned = await abortable(Promise.race([next.decided.then(() => false), newer]), this.#end);
    if (this.#progress === next.progress) return next;
    if (isAbandoned) this.#pending.put(next.changes);
    next.abandon();
    await next.round;
    return older;
  }

  #newRound(newer: AbortSignal): Round {
    const changes = this.#pending.take();
    this.#rounds += 1;
    return {
      changes,
      report: reportOf(this.#session.report, { round: this.#rounds, since: changes.since }),
      signal: AbortSignal.any([newer, this.#end]),
      startedAt: performance.now(),
      mayDelete: this.#session.mayDelete,
      isRepeated: true,
    };
  }

  #begin(older?: State): Begun {
    const newer = new AbortController();
    if (this.#options.controls.wantsRun) this.#pending.put(everything(performance.now()));
    this.#options.controls.taken();
    if (this.#ignored) this.#pending.put(this.#ignored);
    this.#ignored = undefined;
    const progress: Progress = { hasStarted: false, isOver: false, isHolding: false };
    const onStarted = () => {
      progress.hasStarted = true;
      startAhead(this.#lane).catch(() => {});
    };
    const begun = { ...this.#newRound(newer.signal), onStarted };
    let decide = () => {};
    const replaced = new Promise<void>((resolve) => {
      decide = resolve;
    });
    const replace = () => {
      this.#progress = progress;
      if (older?.name === "running") end(older, this.#session.report);
      decide();
    };
    if (!older) replace();
    const round = this.#round(begun, older && replace);
    round
      .catch((error: unknown) => this.#broken.abort(error))
      .finally(() => {
        progress.isOver = true;
      });
    const decided = Promise.race([replaced, round]);
    return { name: "running", round, abandon: () => newer.abort(), progress, changes: begun.changes, decided };
  }

  /** A round that fails is reported, and the loop goes on: the next save may fix it. */
  async #round(round: Round, replace?: () => void): Promise<void> {
    let isBeside = replace !== undefined || round.runsOn === true;
    const { report, signal, changes } = round;
    const laneReport = reportOf(report, { target: this.#lane.target });
    report({ event: "changed", paths: changes.paths === null ? null : changes.paths.map(toText) });
    const readFrom = Date.now();
    try {
      const refreshed = await this.#refresh(round);
      const workspace = this.#workspace;
      const bundle = await bundleStage(workspace, [this.#lane], refreshed);
      if (bundle) this.#watching.add(bundle.inputs, readFrom);
      const isSame = replace && hasSameProgram(this.#lane) && bundle?.apart.state.digest === this.#packages;
      if (isSame)
        report({ event: "notice", text: "the program is the same with this change, so it is not started again" });
      if (isSame || round.runsOn) return await updateBesideCommand(workspace, this.#lane, bundle, refreshed);
      signal.throwIfAborted();
      replace?.();
      isBeside = false;
      this.#packages = bundle?.apart.state.digest;
      await runInLane(workspace, this.#lane, bundle, refreshed, this.#nextRun(workspace.project, laneReport));
    } catch (error) {
      // A bundle that was never built has no list of inputs; its errors name the files to fix.
      if (error instanceof BundleFailure) this.#watching.add(error.files, readFrom);
      // An older round may still be printing.
      if (!signal.aborted && !isBeside) await this.#lane.idle;
      // After a loss, the next connection starts a round.
      if (signal.aborted || error instanceof ConnectionLost) return;
      if (!(error instanceof Failure)) throw error;
      reportFailure(error, report);
    }
  }

  /** Rounds may overlap, what is read again may not: an older round's state would come last. */
  async #refresh(round: Round): Promise<Round> {
    const refreshed = this.#refreshed.then(() => this.#refreshNow(round));
    this.#refreshed = refreshed.catch(() => {});
    return await refreshed;
  }

  /** What can't be used is reported, and what was valid last stays in use. */
  async #refreshNow(round: Round): Promise<Round> {
    const before = this.#workspace;
    try {
      this.#workspace = await this.#refresher.refresh(before, round.changes);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      reportFailure(error, round.report);
      round.report({ event: "notice", text: "what was valid last stays in use until the next edit" });
    }
    if (this.#workspace === before) return round;
    reportProblems(this.#workspace, round.report, before.files.problems);
    await this.#watching.replace(this.#workspace, before.bundle?.inputs ?? []);
    this.#lane.builds.clear();
    return { ...round, changes: everything(round.changes.since) };
  }

  async #stop(): Promise<void> {
    const { round } = this.#state.name === "running" ? this.#state : { round: undefined };
    this.#state = { name: "stopping" };
    // Their errors have been reported, or are the reason to stop.
    await Promise.allSettled([round, this.#lane.idle]);
    this.#forwards?.close();
    await this.#watching.close();
    await this.#workspace.bundler?.dispose();
    await this.#connections.close();
  }
}
