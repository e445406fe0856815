import { BundleFailure } from "../bundle/bundle-failure.ts";
import type { Project } from "../config/project.ts";
import { ConnectionLost, Failure } from "../failure.ts";
import { abortable } from "../process/abortable.ts";
import { isSettled } from "../process/settled.ts";
import type { Report } from "../report/events.ts";
import { reportOf } from "../report/origin.ts";
import { endUnlessTaken } from "../sync/server.ts";
import type { RemoteProcess } from "../targets/target.ts";
import { everything, PendingChanges } from "../watch/pending-changes.ts";
import type { ChangeSet } from "../watch/watch.ts";
import { end, nextAfter, tellHeld, tellSlowEnd } from "./busy.ts";
import type { LoopOptions } from "./controls.ts";
import { hasSameProgram, type Lane, startAhead } from "./lane/lane.ts";
import { tellLate } from "./late.ts";
import type { Prepared, Preparer } from "./prepare.ts";
import {
  type Round,
  type Run,
  readyBesideCommand,
  runInLane,
  type StartRequest,
  startBeside,
  updateBesideCommand,
} from "./round.ts";
import type { Begun, Progress, Running, State } from "./state.ts";

/** What a round runs on a target; the configuration may have been edited since the last one. */
export type NextRun = (project: Project, target: string, report: Report) => Run;

/** What a command beside the rounds is, by the configuration as it is now. @throws Failure */
export type Beside = (project: Project) => StartRequest;

/** What the lanes of a session share. */
export interface LoopContext {
  readonly options: LoopOptions;
  readonly nextRun: NextRun;
  readonly preparer: Preparer;
  readonly report: Report;
  readonly mayDelete: boolean;
  /** Aborted when the loop is to stop, with the reason. */
  readonly end: AbortSignal;
  readonly onFailed: (error: unknown) => void;
}

/** The rounds of one lane, which has a program and a connection of its own, and waits for no other lane. */
export class LaneLoop {
  readonly #lane: Lane;
  readonly #context: LoopContext;
  readonly #report: Report;
  readonly #pending = new PendingChanges();
  /** How often the project has changed. */
  #changes = 0;
  /** How many of the runs that a person asked for have begun. */
  #runs = 0;
  /** Of the last round that starts the program. */
  #progress: Readonly<Progress> | undefined;
  /** The digest of those beside the bundle that it was started with. */
  #packages: string | undefined;
  /** Whether a round that was to take its place has sent or built something, and has not: it failed, or was abandoned. */
  #isBehind = false;
  /** What was saved while the program ran, where onBusy is "ignore": the next round takes it along. */
  #ignored: ChangeSet | undefined;
  #state: State = { name: "waiting" };

  constructor(lane: Lane, context: LoopContext) {
    this.#lane = lane;
    this.#context = context;
    this.#report = reportOf(context.report, { target: lane.target });
  }

  /** The project has changed. */
  change(changes: ChangeSet): void {
    this.#changes += 1;
    this.#pending.put(changes);
  }

  /** The lane has another connection, so a round follows in it alone. */
  rejoin(): void {
    this.#pending.put(everything(performance.now()));
  }

  /** Starts a command beside the rounds, once what was saved is sent. Returns undefined where there is no connection. */
  async startBeside(wanted: Beside, report: Report, signal: AbortSignal): Promise<RemoteProcess | undefined> {
    const { preparer, options, mayDelete, end } = this.#context;
    if (!(await isSettled(this.#lane.connections.current()))) return undefined;
    const startedAt = performance.now();
    for (;;) {
      const prepared = preparer.prepareBeside(this.#pending.all, this.#changes + options.controls.runs);
      try {
        const { workspace, bundle } = await abortable(prepared.ready, signal);
        const round = { report, signal, end, startedAt, mayDelete, isRepeated: false };
        return await startBeside(workspace, this.#lane, bundle, round, wanted(workspace.project));
      } catch (error) {
        if (error instanceof BundleFailure)
          for (const found of error.diagnostics) report({ event: "diagnostic", ...found });
        // A newer save has taken its place.
        if (error !== prepared.signal.reason || this.#context.end.aborted) throw error;
      }
    }
  }

  async run(): Promise<never> {
    for (;;) this.#state = await this.#next();
  }

  /** Settles once nothing of it runs any more. */
  async stopped(): Promise<void> {
    const running = this.#state.name === "running" ? this.#state : undefined;
    if (running) tellSlowEnd(running, this.#report);
    // Their errors have been reported, or are the reason to stop.
    await Promise.allSettled([running?.round, this.#lane.idle]);
    if (this.#lane.ahead) endUnlessTaken(this.#lane.ahead);
  }

  async #next(): Promise<State> {
    const state = this.#state;
    const { options, end } = this.#context;
    switch (state.name) {
      case "waiting":
        await this.#wait();
        if (this.#mayRunOn()) return await this.#update(state);
        return this.#mayReplace() ? await this.#replace(state) : this.#begin();
      case "running":
        await abortable(Promise.race([state.round, this.#pending.arrived(), options.controls.changed()]), end);
        return await this.#afterRunning(state);
      default:
        return state satisfies never;
    }
  }

  get #wantsRun(): boolean {
    return this.#context.options.controls.runs > this.#runs;
  }

  /** Until a round may begin. */
  async #wait(): Promise<void> {
    const { controls } = this.#context.options;
    const wants = () => this.#wantsRun || (!this.#pending.isEmpty && !controls.isPaused);
    while (!wants()) {
      const change = this.#pending.isEmpty ? [this.#pending.arrived()] : [];
      await abortable(Promise.race([...change, controls.changed()]), this.#context.end);
    }
  }

  async #afterRunning(state: Running): Promise<State> {
    const { round, progress } = state;
    const { options, end: stop } = this.#context;
    if (this.#mayRunOn()) return await this.#update(state);
    const next = nextAfter(progress, { isPending: !this.#pending.isEmpty, wantsRun: this.#wantsRun }, options);
    switch (next) {
      case "wait for a change":
        if (progress.isHolding && options.onBusy === "ignore") this.#ignored = this.#pending.take();
        return { name: "waiting" };
      case "go on":
        return state;
      case "hold":
        tellHeld(progress, options, this.#report);
        await abortable(Promise.race([round, options.controls.changed()]), stop);
        return state;
      case "begin the next":
        if (this.#mayReplace()) return await this.#replace(state);
        end(state, this.#report);
        return this.#begin();
      default:
        return next satisfies never;
    }
  }

  /** Whether all that has changed is such that the program, which was started, need not be started again. */
  #mayRunOn(): boolean {
    const { options, preparer } = this.#context;
    if (this.#wantsRun || options.controls.isPaused || !this.#progress?.hasStarted || this.#isBehind) return false;
    return this.#pending.areOnly(preparer.workspace.keepsRunning);
  }

  /** A round that starts nothing, while that of the program goes on. A newer change abandons it. */
  async #update(state: State): Promise<State> {
    const newer = new AbortController();
    const { prepared, round } = this.#newRound(newer.signal);
    const over = this.#round(prepared, { ...round, runsOn: true });
    await abortable(Promise.race([over, this.#wait()]), this.#context.end);
    newer.abort();
    await over;
    return state;
  }

  /** Whether a program was started that may be the same with the changes, or better than none. */
  #mayReplace(): boolean {
    return this.#progress?.hasStarted === true;
  }

  /** The next round begins beside the program, which it ends once it has another to start. A newer one abandons it. */
  async #replace(older: State): Promise<State> {
    const runs = this.#runs;
    const next = this.#begin(older);
    const newer = this.#wait().then(() => true);
    const isAbandoned = await abortable(Promise.race([next.decided.then(() => false), newer]), this.#context.end);
    if (this.#progress === next.progress) return next;
    if (isAbandoned) {
      this.#pending.put(next.changes);
      // What a person asked for is still wanted.
      this.#runs = runs;
    }
    next.abandon();
    await next.round;
    return older;
  }

  #newRound(newer: AbortSignal) {
    const { preparer, end: stop, mayDelete } = this.#context;
    const changes = this.#pending.take();
    const prepared = preparer.prepare(this.#lane, changes, this.#changes + this.#runs);
    const signal = AbortSignal.any([newer, stop]);
    const startedAt = performance.now();
    const round: Round = { report: prepared.report, signal, end: stop, startedAt, mayDelete, isRepeated: true };
    return { changes, prepared, round };
  }

  #begin(older?: State): Begun {
    const newer = new AbortController();
    if (this.#wantsRun) this.#pending.put(everything(performance.now()));
    this.#runs = this.#context.options.controls.runs;
    if (this.#ignored) this.#pending.put(this.#ignored);
    this.#ignored = undefined;
    const progress: Progress = { hasStarted: false, isOver: false, isHolding: false };
    const onStarted = () => {
      progress.hasStarted = true;
      startAhead(this.#lane).catch(() => {});
    };
    const { changes, prepared, round: begun } = this.#newRound(newer.signal);
    let decide = () => {};
    const replaced = new Promise<void>((resolve) => {
      decide = resolve;
    });
    const replace = () => {
      this.#progress = progress;
      this.#isBehind = false;
      if (older?.name === "running") end(older, reportOf(prepared.report, { target: this.#lane.target }));
      decide();
    };
    if (!older) replace();
    const round = this.#round(prepared, { ...begun, onStarted }, older && replace);
    round.catch(this.#context.onFailed).finally(() => {
      progress.isOver = true;
    });
    const decided = Promise.race([replaced, round]);
    return { name: "running", round, abandon: () => newer.abort(), progress, changes, decided };
  }

  /** A round that fails is reported, and the loop goes on: the next save may fix it. */
  async #round(prepared: Prepared, round: Round, replace?: () => void): Promise<void> {
    let isBeside = replace !== undefined || round.runsOn === true;
    const { signal } = round;
    const report = reportOf(round.report, { target: this.#lane.target });
    const done = new AbortController();
    tellLate(prepared, this.#lane, this.#context.report, done.signal);
    const onStarted = () => {
      done.abort();
      prepared.laneDone();
      round.onStarted?.();
    };
    try {
      const { workspace, bundle } = await prepared.ready;
      const hasSamePackages = bundle?.apart.state.digest === this.#packages;
      const isSame = replace && !this.#isBehind && hasSamePackages && hasSameProgram(this.#lane);
      if (isSame)
        report({ event: "notice", text: "the program is the same with this change, so it is not started again" });
      if (isSame || round.runsOn) {
        await updateBesideCommand(workspace, this.#lane, bundle, round);
        return prepared.laneDone();
      }
      signal.throwIfAborted();
      const run = this.#context.nextRun(workspace.project, this.#lane.target, report);
      if (replace) this.#isBehind = true;
      const ready = replace && (await readyBesideCommand(workspace, this.#lane, bundle, round, run));
      replace?.();
      isBeside = false;
      this.#packages = bundle?.apart.state.digest;
      await runInLane(workspace, this.#lane, bundle, { ...round, onStarted }, ready ?? run, ready !== undefined);
    } catch (error) {
      // An older round may still be printing.
      if (!signal.aborted && !isBeside) await this.#lane.idle;
      // After a loss, the next connection starts a round.
      if (signal.aborted || error === prepared.signal.reason || error instanceof ConnectionLost) return;
      if (!(error instanceof Failure)) throw error;
      prepared.reportFailure(error);
    } finally {
      done.abort();
    }
  }
}
