import { BundleFailure } from "../bundle/bundle-failure.ts";
import type { Project } from "../config/project.ts";
import { ConnectionLost, Failure } from "../failure.ts";
import { toBytes, toText } from "../paths/bytes.ts";
import { abortable } from "../process/abortable.ts";
import type { Report } from "../report/events.ts";
import { reportFailure, reportOf } from "../report/origin.ts";
import type { Forwards } from "../run/forward.ts";
import type { Reconnecting } from "../targets/reconnect.ts";
import { PendingChanges } from "../watch/pending-changes.ts";
import { type ChangeSet, Watcher } from "../watch/watch.ts";
import { nextAfter, type Progress, tellHeld, tellWhileEnding } from "./busy.ts";
import type { LoopOptions } from "./controls.ts";
import { forwardPorts, keepConnected } from "./keep-connected.ts";
import { type Connected, createLane, forgetMirror, type Lane } from "./lane.ts";
import { Refresher } from "./refresh.ts";
import { bundleStage, type Round, type Run, runInLane, updateBesideCommand } from "./round.ts";
import type { Session } from "./session.ts";
import type { State } from "./state.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

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
  #watcher: Watcher;
  readonly #connections: Reconnecting<Connected>;
  /** Several targets would have a lane each, and share the bundle. */
  readonly #lane: Lane;
  #forwards: Forwards | undefined;
  readonly #pending = new PendingChanges();
  /** Of the last round that starts the program. */
  #progress: Readonly<Progress> | undefined;
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
    this.#watcher = this.#createWatcher();
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
        this.#watchFirstFolders([], Date.now()).catch((error: unknown) => this.#broken.abort(error));
        this.#pending.put(everything(PROCESS_START));
        return { name: "waiting" };
      case "waiting":
        await this.#wait();
        return this.#mayRunOn() ? await this.#update(state) : this.#begin();
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

  async #afterRunning(state: State & { readonly name: "running" }): Promise<State> {
    const { round, progress, abandon } = state;
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
        abandon();
        tellWhileEnding(round, report);
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

  #begin(): State {
    const newer = new AbortController();
    if (this.#options.controls.wantsRun) this.#pending.put(everything(performance.now()));
    this.#options.controls.taken();
    if (this.#ignored) this.#pending.put(this.#ignored);
    this.#ignored = undefined;
    const progress: Progress = { hasStarted: false, isOver: false, isHolding: false };
    this.#progress = progress;
    const onStarted = () => {
      progress.hasStarted = true;
    };
    const round = this.#round({ ...this.#newRound(newer.signal), onStarted });
    round
      .catch((error: unknown) => this.#broken.abort(error))
      .finally(() => {
        progress.isOver = true;
      });
    return { name: "running", round, abandon: () => newer.abort(), progress };
  }

  /** A round that fails is reported, and the loop goes on: the next save may fix it. */
  async #round(round: Round): Promise<void> {
    const { report, signal, changes } = round;
    const laneReport = reportOf(report, { target: this.#lane.target });
    report({ event: "changed", paths: changes.paths === null ? null : changes.paths.map(toText) });
    const readFrom = Date.now();
    try {
      const refreshed = await this.#refresh(round);
      const workspace = this.#workspace;
      const bundle = await bundleStage(workspace, [this.#lane], refreshed);
      if (bundle) this.#watchInputs(bundle.inputs, readFrom);
      if (round.runsOn) await updateBesideCommand(workspace, this.#lane, bundle, refreshed);
      else await runInLane(workspace, this.#lane, bundle, refreshed, this.#nextRun(workspace.project, laneReport));
    } catch (error) {
      // A bundle that was never built has no list of inputs; its errors name the files to fix.
      if (error instanceof BundleFailure) this.#watchInputs(error.files, readFrom);
      // An older round may still be printing.
      if (!signal.aborted && !round.runsOn) await this.#lane.idle;
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
    await this.#watchAnew(before.bundle?.inputs ?? []);
    this.#lane.builds.clear();
    return { ...round, changes: everything(round.changes.since) };
  }

  /** The old watcher is closed once the new one watches: what both see is reported twice, but nothing is missed. */
  async #watchAnew(inputs: readonly string[]): Promise<void> {
    const [old, since] = [this.#watcher, Date.now()];
    this.#watcher = this.#createWatcher();
    await this.#watchFirstFolders(inputs, since).finally(() => old.close());
  }

  #createWatcher(): Watcher {
    const { project, relevance } = this.#workspace;
    return new Watcher({
      root: project.root,
      relevance,
      poll: project.watch.poll,
      onChange: (changes) => this.#pending.put(changes),
      onError: (error) => this.#broken.abort(error),
    });
  }

  async #watchFirstFolders(inputs: readonly string[] = [], since?: number): Promise<void> {
    const { relevance, project } = this.#workspace;
    const entries = Object.values(project.bundle?.entryPoints ?? {});
    await this.#watcher.add(
      [...relevance.cover([...entries, ...inputs].map(toBytes)), ...relevance.alwaysWatched],
      since,
    );
  }

  /** `readFrom`: when the bundler began to read them; what has been saved since then is a change. */
  #watchInputs(inputs: readonly string[], readFrom: number): void {
    const watching = this.#watcher.add(this.#workspace.relevance.cover(inputs.map(toBytes)), readFrom);
    watching.catch((error: unknown) => this.#broken.abort(error));
  }

  async #stop(): Promise<void> {
    const { round } = this.#state.name === "running" ? this.#state : { round: undefined };
    this.#state = { name: "stopping" };
    // Their errors have been reported, or are the reason to stop.
    await Promise.allSettled([round, this.#lane.idle]);
    this.#forwards?.close();
    await this.#watcher.close();
    await this.#workspace.bundler?.dispose();
    await this.#connections.close();
  }
}

/** Those that have not been reported yet. */
function reportProblems({ files }: Workspace, report: Report, reported: readonly string[] = []): void {
  for (const text of files.problems) if (!reported.includes(text)) report({ event: "notice", text });
}

function everything(since: number): ChangeSet {
  return { paths: null, since };
}
