import { join } from "node:path";
import { type CompileReport, compile } from "../build/compile.ts";
import { shipAddons } from "../bundle/addons/addons.ts";
import { type Bundle, BundleFailure } from "../bundle/bundle.ts";
import type { Project } from "../config/project.ts";
import { ConnectionLost, Failure, onTarget } from "../failure.ts";
import { abortable } from "../process/abortable.ts";
import type { Interrupts } from "../process/interrupts.ts";
import type { Diagnostic } from "../report/diagnostic.ts";
import { type Report, reportFailure, reportOf } from "../report/events.ts";
import { launch } from "../run/launch.ts";
import { type Ends, stream, terminalOf } from "../run/stream.ts";
import { sync } from "../sync/sync.ts";
import type { ExitStatus, Target } from "../targets/target.ts";
import { createInbox } from "../watch/pending-changes.ts";
import { type ChangeSet, createWatcher } from "../watch/watch.ts";
import { keepLinked, type Link, openLink } from "./lane.ts";
import { type Bench, createBench, noteUnsent } from "./workspace.ts";

/** What a command works with, from its begin to its end. */
export interface Job {
  readonly project: Project;
  readonly target: Target;
  readonly report: Report;
  readonly interrupts: Interrupts;
}

/** How far a round goes that starts nothing. */
export type Extent = "sync" | "compile";

export interface Run {
  readonly argv: readonly string[];
  readonly ends: Ends;
}

const EVERYTHING: ChangeSet = { paths: null };
/** On the clock of performance.now(). */
const COMMAND_START = 0;

/** One round up to `extent`. @throws Failure */
export async function buildOnce(job: Job, extent: Extent): Promise<void> {
  const started = performance.now();
  await oneRound(job, async (bench, link) => {
    await prepare(bench, link, { changes: EVERYTHING, report: job.report, extent }, job.interrupts.signal);
  });
  job.report({ event: "finished", milliseconds: performance.now() - started });
}

/** One round, to the end of the command it starts. @throws Failure */
export async function runOnce(job: Job, run: Run): Promise<ExitStatus> {
  return await oneRound(job, (bench, link) =>
    round(
      bench,
      link,
      { changes: EVERYTHING, report: job.report, run, interrupts: job.interrupts },
      job.interrupts.signal,
    ),
  );
}

async function oneRound<T>(job: Job, work: (bench: Bench, link: () => Promise<Link>) => Promise<T>): Promise<T> {
  const { project, target, report, interrupts } = job;
  const over = new AbortController();
  const link = openLink(target, project.root, report, AbortSignal.any([interrupts.signal, over.signal]));
  link.catch(() => {}); // told when it is needed: the bundle's errors come first
  const bench = createBench(project);
  try {
    return await work(bench, () => link);
  } finally {
    over.abort();
    await bench.bundler?.dispose();
    await (await link.catch(() => undefined))?.connection.close();
  }
}

/**
 * A round at every save, until an interrupt.
 *
 *                  ┌─────── a newer save: this round is given up, its run is ended ───────┐
 *                  ▼                                                                      │
 *   save ──▶ [ bundle ──▶ sync ──▶ compile ──▶ launch ──▶ stream ] ──▶ wait for a save ───┤
 *                  ▲           the connection is lost: the round is given up,             │
 *                  └───────── and another compares everything once there is a new one ────┘
 *
 * @throws the interrupt, or Failure when there is nothing to go on with
 */
export async function watchProject(job: Job, run: (report: Report) => Run): Promise<never> {
  const { project, target, report, interrupts } = job;
  const inbox = createInbox();
  const broken = new AbortController();
  const end = AbortSignal.any([interrupts.signal, broken.signal]);
  const open = (signal: AbortSignal) => openLink(target, project.root, report, signal);
  const links = keepLinked(open, reportOf(report, { target: target.name }), () => inbox.put(EVERYTHING));
  links.over.catch((error: unknown) => broken.abort(error));
  const bench = createBench(project);
  const watcher = createWatcher({
    root: project.root,
    ...bench.scope,
    onChange: inbox.put,
    onError: (error) => broken.abort(error),
  });
  let done: Promise<void> = Promise.resolve();
  try {
    await watcher.add(bench.scope.cover(Object.values(project.bundle?.entryPoints ?? {})));
    inbox.put(EVERYTHING, COMMAND_START);
    for (let number = 1; ; number++) {
      await abortable(inbox.arrived(), end);
      const { changes, since } = inbox.take();
      const ofRound = reportOf(report, { round: number, since });
      const started = run(reportOf(ofRound, { target: target.name }));
      const newer = new AbortController();
      const signal = AbortSignal.any([newer.signal, end]);
      done = watchRound(bench, links, { changes, report: ofRound, older: done, run: started, interrupts }, signal);
      const covered = done.then(() => watcher.add(bench.scope.cover(bench.bundle?.inputs ?? [])));
      covered.catch((error: unknown) => broken.abort(error));
      await abortable(Promise.race([done, inbox.arrived()]), end);
      if (inbox.hasNews()) newer.abort();
    }
  } finally {
    await done;
    await watcher.close();
    await bench.bundler?.dispose();
    await links.close();
  }
}

interface Round {
  readonly changes: ChangeSet;
  readonly report: Report;
  readonly run: Run;
  readonly interrupts: Interrupts;
  /** The round before, which may still be ending. */
  readonly older?: Promise<void>;
}

/** A failed round is told and no more: the next save may mend it. */
async function watchRound(
  bench: Bench,
  links: ReturnType<typeof keepLinked>,
  work: Round,
  signal: AbortSignal,
): Promise<void> {
  const { report } = work;
  report({ event: "changed", paths: work.changes.paths });
  try {
    await round(bench, links.current, work, signal);
  } catch (error) {
    await work.older;
    if (signal.aborted) return;
    if (error instanceof ConnectionLost) links.drop(error);
    else if (error instanceof Failure) reportFailure(error, report);
    else throw error;
  }
}

async function round(bench: Bench, link: () => Promise<Link>, work: Round, signal: AbortSignal): Promise<ExitStatus> {
  const started = performance.now();
  const { there, compiled } = await prepare(bench, link, { ...work, extent: "compile" }, signal);
  return await onTarget(there.where, runStage(there, compiled, { ...work, started }, signal));
}

async function runStage(
  { connection, mirror, where }: Link,
  compiled: CompileReport | undefined,
  work: Round & { readonly started: number },
  signal: AbortSignal,
): Promise<ExitStatus> {
  const { run, interrupts, started } = work;
  const { argv, ends } = run;
  const report = reportOf(work.report, { target: where });
  report({ event: "stage", stage: "launch" });
  const launched = await launch(
    connection,
    compiled,
    { argv, mirror, asRoot: true, terminal: terminalOf(ends) },
    signal,
  );
  report({ event: "started", argv, milliseconds: performance.now() - started });
  const status = await stream(launched, ends, interrupts, signal).finally(ends.finish);
  if (!signal.aborted) report({ event: "exited", ...status });
  return status;
}

interface Preparation {
  readonly changes: ChangeSet;
  readonly report: Report;
  readonly extent: Extent;
  readonly older?: Promise<void>;
}

/** Brings the mirror up to date and compiles in it. */
async function prepare(
  bench: Bench,
  link: () => Promise<Link>,
  { changes, report, extent, older }: Preparation,
  signal: AbortSignal,
): Promise<{ there: Link; compiled: CompileReport | undefined }> {
  noteUnsent(bench, changes.paths);
  const bundle = await bundleStage(bench, changes, report, signal);
  await older;
  const there = await abortable(link(), signal);
  const onLane = async () => {
    const ofLane = reportOf(report, { target: there.where });
    await addonStage(bench, there, bundle, ofLane, signal);
    await syncStage(bench, there, ofLane, signal);
    return extent === "compile" ? await compileStage(bench, there, ofLane, signal) : undefined;
  };
  return { there, compiled: await onTarget(there.where, onLane()) };
}

async function bundleStage(
  bench: Bench,
  { paths }: ChangeSet,
  report: Report,
  signal: AbortSignal,
): Promise<Bundle | undefined> {
  const { bundler, scope } = bench;
  if (!bundler || (bench.bundle && paths?.every((path) => scope.isNative(path)))) return bench.bundle;
  report({ event: "stage", stage: "bundle" });
  bench.bundle = undefined;
  try {
    const bundle = await bundler.build(signal);
    bench.bundle = bundle;
    noteUnsent(bench, bundle.changed);
    for (const warning of bundle.warnings) report({ event: "diagnostic", ...warning });
    const { files, bytes, milliseconds } = bundle;
    report({ event: "bundled", files, bytes, milliseconds });
    return bundle;
  } catch (error) {
    if (error instanceof BundleFailure)
      for (const found of error.diagnostics) report({ event: "diagnostic", ...found });
    throw error;
  }
}

async function addonStage(
  bench: Bench,
  { facts }: Link,
  bundle: Bundle | undefined,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const { project } = bench;
  if (!project.bundle || !bundle) return;
  report({ event: "stage", stage: "addons" });
  const { outdir } = project.bundle;
  const isNew = await shipAddons(bundle.addons, facts, join(project.root, outdir), signal);
  if (isNew) noteUnsent(bench, [`${outdir}/node_modules`]);
}

async function syncStage(bench: Bench, there: Link, report: Report, signal: AbortSignal): Promise<void> {
  const { project, filter, executable, scope } = bench;
  const { connection, mirror } = there;
  report({ event: "stage", stage: "sync" });
  // A newer round may note more while this one sends.
  const unsent = bench.unsent;
  bench.unsent = new Set();
  const changed = there.isCompared && unsent !== "anything" ? [...unsent] : undefined;
  const request = { root: project.root, mirror, filter, changed, executable };
  const synced = await sync(connection, request, signal).catch((error: unknown) => {
    noteUnsent(bench, unsent === "anything" ? null : [...unsent]);
    throw error;
  });
  there.isCompared = true;
  if (changed === undefined || changed.some(scope.isNative)) there.isUncompiled = true;
  const { files, deleted, bytesSent, bytesTotal, milliseconds } = synced;
  for (const text of synced.notices) report({ event: "notice", text });
  report({ event: "synced", mirror, files, deleted, bytesSent, bytesTotal, milliseconds });
}

async function compileStage(
  bench: Bench,
  there: Link,
  report: Report,
  signal: AbortSignal,
): Promise<CompileReport | undefined> {
  const { project, filter } = bench;
  if (!project.native) return undefined;
  if (there.stamp && !there.isUncompiled) {
    report({ event: "compiled", compiled: false, milliseconds: 0 });
    return undefined;
  }
  report({ event: "stage", stage: "compile" });
  const request = {
    where: there.where,
    root: project.root,
    ...project.native,
    includes: filter.includes,
    onLine: (text: string, found: Diagnostic | undefined) =>
      report(found ? { event: "diagnostic", ...found } : { event: "log", text }),
  };
  const compiled = await compile(there.connection, there, request, there, signal);
  there.isUncompiled = false;
  report({ event: "compiled", compiled: compiled.compiled, milliseconds: compiled.milliseconds });
  return compiled;
}
