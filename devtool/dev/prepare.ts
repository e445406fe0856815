import type { Bundle } from "../bundle/bundle.ts";
import { BundleFailure } from "../bundle/bundle-failure.ts";
import { Failure } from "../failure.ts";
import { toText } from "../paths/bytes.ts";
import type { Report } from "../report/events.ts";
import { reportFailure, reportOf } from "../report/origin.ts";
import { everything } from "../watch/pending-changes.ts";
import type { ChangeSet } from "../watch/watch.ts";
import type { Lane } from "./lane/lane.ts";
import { bundleStage, type Preparation } from "./round.ts";
import { Refresher } from "./workspace/refresh.ts";
import type { Watching } from "./workspace/watching.ts";
import { reportProblems, type Workspace } from "./workspace/workspace.ts";

/** What is done once for all lanes whose rounds follow the same change. */
export interface Prepared {
  readonly report: Report;
  /** Rejects with Failure, or with the reason of `signal`. */
  readonly ready: Promise<{ readonly workspace: Workspace; readonly bundle: Bundle | undefined }>;
  /** Aborted once a newer one begins. */
  readonly signal: AbortSignal;
  /** Settles once a lane has started what it starts. */
  readonly firstDone: Promise<void>;
  /** A lane has. */
  laneDone(): void;
  /** Each failure is reported once, also where it ends the rounds of several lanes. */
  reportFailure(failure: Failure): void;
}

interface Current {
  readonly prepared: Prepared;
  readonly generation: number;
  readonly lanes: Set<Lane>;
  isOver: boolean;
  readonly newer: AbortController;
}

/** Reads the configuration and the ignore files again, and bundles: once for each change, whichever lane is the first. */
export class Preparer {
  readonly #lanes: readonly Lane[];
  readonly #report: Report;
  readonly #watching: Watching;
  readonly #end: AbortSignal;
  readonly #refresher: Refresher;
  /** Settles once no round reads the configuration or the ignore files again. */
  #refreshed: Promise<unknown> = Promise.resolve();
  #workspace: Workspace;
  #current: Current | undefined;
  #rounds = 0;

  constructor(
    workspace: Workspace,
    lanes: readonly Lane[],
    { report, watching, end }: { readonly report: Report; readonly watching: Watching; readonly end: AbortSignal },
  ) {
    this.#workspace = workspace;
    this.#lanes = lanes;
    this.#report = report;
    this.#watching = watching;
    this.#end = end;
    this.#refresher = new Refresher(workspace, (text) => report({ event: "notice", text }));
  }

  get workspace(): Workspace {
    return this.#workspace;
  }

  /**
   * For the next round of a lane. Those of one `generation`, another one after each change of the project, share what is
   * prepared; a lane that comes again, as after a new connection, has a round of its own.
   */
  prepare(lane: Lane, changes: ChangeSet, generation: number): Prepared {
    const current = this.#current;
    const isOwn = current?.generation === generation && current.isOver && current.lanes.has(lane);
    const { prepared, lanes } = isOwn
      ? this.#begin(changes, generation, lane.target)
      : this.#currentFor(changes, generation);
    lanes.add(lane);
    return prepared;
  }

  /** For what is started beside the rounds of the lanes. */
  prepareBeside(changes: ChangeSet, generation: number): Prepared {
    return this.#currentFor(changes, generation).prepared;
  }

  #currentFor(changes: ChangeSet, generation: number): Current {
    return this.#current?.generation === generation ? this.#current : this.#begin(changes, generation);
  }

  /** `own`: the target whose lane alone has this round. */
  #begin(changes: ChangeSet, generation: number, own?: string): Current {
    this.#current?.newer.abort();
    this.#rounds += 1;
    const newer = new AbortController();
    const report = reportOf(this.#report, { round: this.#rounds, since: changes.since });
    const paths = changes.paths === null ? null : changes.paths.map(toText);
    report({ event: "changed", paths }, own === undefined ? {} : { target: own });
    const signal = AbortSignal.any([newer.signal, this.#end]);
    // What a lane has to do alone changes nothing in the project.
    const ready = this.#prepare({ report, signal, changes: own === undefined ? changes : { ...changes, paths: [] } });
    const told = new Set<Failure>();
    const tell = (failure: Failure) => {
      if (!told.has(failure)) reportFailure(failure, report);
      told.add(failure);
    };
    let laneDone = () => {};
    const firstDone = new Promise<void>((resolve) => {
      laneDone = resolve;
    });
    const prepared = { report, ready, signal, firstDone, laneDone, reportFailure: tell };
    const current = { prepared, generation, lanes: new Set<Lane>(), isOver: false, newer };
    const over = () => {
      current.isOver = true;
    };
    ready.then(over, over); // what it rejects with is thrown by each round
    this.#current = current;
    return current;
  }

  async #prepare(round: Preparation) {
    const readFrom = Date.now();
    try {
      const refreshed = await this.#refresh(round);
      const workspace = this.#workspace;
      const bundle = await bundleStage(workspace, this.#lanes, refreshed);
      if (bundle) this.#watching.add(bundle.inputs, readFrom);
      return { workspace, bundle };
    } catch (error) {
      // A bundle that was never built has no list of inputs; its errors name the files to fix.
      if (error instanceof BundleFailure) this.#watching.add(error.files, readFrom);
      throw error;
    }
  }

  /** Rounds may overlap, what is read again may not: an older round's state would come last. */
  async #refresh(round: Preparation): Promise<Preparation> {
    const refreshed = this.#refreshed.then(() => this.#refreshNow(round));
    this.#refreshed = refreshed.catch(() => {});
    return await refreshed;
  }

  /** What can't be used is reported, and what was valid last stays in use. */
  async #refreshNow(round: Preparation): Promise<Preparation> {
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
    for (const lane of this.#lanes) lane.builds.clear();
    return { ...round, changes: everything(round.changes.since) };
  }

  async close(): Promise<void> {
    await this.#workspace.bundler?.dispose();
  }
}
