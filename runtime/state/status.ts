import { closeSync, existsSync, openSync } from "node:fs";
import { isRunning, isSame, type ProcessIdentity } from "../host/process.ts";
import { parseJson, type Shape } from "../shape.ts";
import { policyIn } from "../spec/life.ts";
import { noContainer } from "../spec/name.ts";
import { type Entry, processOf } from "./entry.ts";
import { type Exit, readExit } from "./exit.ts";
import { type HealthState, readHealth } from "./health.ts";
import { type Journal, readJournal } from "./journal.ts";
import { isMissing } from "./lock.ts";
import type { Places } from "./places.ts";
import { type ContainerRecord, isKept, readRecord } from "./record.ts";
import { isBeingRestarted } from "./restarts.ts";
import { isAttachments, isResources } from "./spec-shape.ts";
import { textOf } from "./text-of.ts";

/**
 * What a container is doing, in the OCI runtime-spec's terms. It is derived from files and processes, and stored nowhere.
 *
 *   creating ──▶ created ──▶ running ──▶ stopped       one that is kept: a record, then a journal beside it
 *                               ▲ │         ▲
 *                               │ ▼         │          by the policy of a detached one
 *                            restarting ────┘
 *   creating ──▶ running ──▶ gone                      one that is removed at its exit: a journal only
 */
export type Status =
  | { readonly state: "creating" | "created" }
  | { readonly state: "running"; readonly process: ProcessIdentity }
  /** Its monitor will start it again. */
  | { readonly state: "restarting"; readonly exit: Exit | undefined }
  /** No exit: it ended, and its exit is not recorded yet; or, unseen, nobody is left who could know it. */
  | {
      readonly state: "stopped";
      readonly exit: Exit | undefined;
      readonly unseen?: boolean;
      readonly process: ProcessIdentity | undefined;
    };

export interface Found {
  readonly record: ContainerRecord;
  readonly status: Status;
  /** The process that has the name, or had it when it was killed. */
  readonly owner: ProcessIdentity | undefined;
  /** The same, where it is the monitor of a detached container. */
  readonly monitor: ProcessIdentity | undefined;
  /** The last one, also while it runs again. */
  readonly lastExit: Exit | undefined;
  /** The results of its health checks, if it has any. */
  readonly health: HealthState | undefined;
  /** What the owner has made. */
  readonly entries: readonly Entry[];
}

/** Looks up a container without locking it, so the result may be out of date. Undefined if there is none. */
export function find(places: Places): Found | undefined {
  const found = look(places);
  // Its exit may have been recorded after it was read, and before who recorded it ended.
  return found?.status.state === "stopped" && found.status.unseen ? look(places) : found;
}

function look(places: Places): Found | undefined {
  const journal = journalOf(places);
  const kept = readRecord(places.record);
  const made = kept ?? journal?.record;
  if (!made || (journal && isAbandoned(places, journal, kept))) return undefined;
  const record = named(renewed(made, places), places.name);
  const exit = lastExitOf(places, record);
  return {
    record,
    status: statusOf(journal, exit, record, kept !== undefined),
    owner: journal?.owner,
    monitor: journal?.monitor,
    lastExit: exit,
    health: record.life?.health && readHealth(places.health),
    entries: journal?.entries ?? [],
  };
}

/** It is removed at its exit, and whoever was to do that was killed: only what the next start undoes is left. */
function isAbandoned(places: Places, journal: Journal, kept: ContainerRecord | undefined): boolean {
  const process = processOf(journal.entries);
  const isInUse = holderOf(journal) || (process && isRunning(process));
  return !isKept(kept, journal.entries) && !isInUse && !isBeingRestarted(places);
}

/** Its restart policy, its limits and its networks may have been changed since it was made. */
function renewed(record: ContainerRecord, places: Places): ContainerRecord {
  const { life, spec } = record;
  if (!life) return record;
  const [restart, limits, networks] = [places.restart, places.limits, places.networks].map(renewal);
  if (restart === undefined && limits === undefined && networks === undefined) return record;
  const policy = restart === undefined ? undefined : policyIn(restart.trimEnd());
  const resources = renewedBy(limits, isResources) ?? spec.linux.resources;
  const attachments = renewedBy(networks, isAttachments) ?? spec.network.attachments;
  return {
    ...record,
    life: { ...life, restart: policy ?? life.restart },
    spec: { ...spec, linux: { ...spec.linux, resources }, network: { ...spec.network, attachments } },
  };
}

function renewedBy<T>(text: string | undefined, isWhole: Shape<T>): T | undefined {
  const value = text === undefined ? undefined : parseJson(text);
  return isWhole(value) ? value : undefined;
}

/** Most often there is none, and an error takes long to make. */
function renewal(path: string): string | undefined {
  return existsSync(path) ? textOf(path) : undefined;
}

/** It may have been renamed since it was made. */
function named(record: ContainerRecord, name: string): ContainerRecord {
  return record.name === name ? record : { ...record, name, spec: { ...record.spec, name } };
}

/** The later one, where a detached container was also started without a monitor. */
function lastExitOf(places: Places, record: ContainerRecord): Exit | undefined {
  const monitored = record.life && readExit(places.exit);
  return monitored && !isOlder(monitored, record.exit) ? monitored : record.exit;
}

/** Within one boot by when their processes started, since the clock may have been set back in between; else by the clock. */
function isOlder(one: Exit, other: Exit | undefined): boolean {
  if (!other) return false;
  const isSameBoot = one.process && other.process && one.process.boot === other.process.boot;
  return isSameBoot ? Number(one.process?.startTime) < Number(other.process?.startTime) : one.at < other.at;
}

/** The same; throws Failure (exit 125) if there is none. */
export function findExisting(places: Places, name: string): Found {
  const found = find(places);
  if (found) return found;
  throw noContainer(name);
}

/** Throws Failure (exit 125) once that container was removed: another one may have its name. */
export function checkExists(places: Places, { id, name }: ContainerRecord): void {
  if (find(places)?.record.id !== id) throw noContainer(name);
}

function statusOf(
  journal: Journal | undefined,
  exit: Exit | undefined,
  { life }: ContainerRecord,
  hasFile: boolean,
): Status {
  const process = journal && processOf(journal.entries);
  if (process && isRunning(process)) return { state: "running", process };
  const recorded = process && exitOf(exit, process);
  const mayRestart = recorded && !recorded.stopped && life?.restart.name !== "no";
  if (mayRestart && journal.monitor && isRunning(journal.monitor)) return { state: "restarting", exit: recorded };
  if (process && recorded) return { state: "stopped", exit: recorded, process };
  if (process) return { state: "stopped", exit: undefined, unseen: !holderOf(journal), process };
  if (exit) return { state: "stopped", exit, process: exit.process };
  return { state: hasFile ? "created" : "creating" };
}

/** Who has the name, unless that was killed. */
function holderOf({ monitor, owner }: Journal): ProcessIdentity | undefined {
  return [monitor, owner].find((one) => one && isRunning(one));
}

/** The record may still have the exit of an earlier start. */
function exitOf(exit: Exit | undefined, process: ProcessIdentity): Exit | undefined {
  return exit?.process && isSame(process, exit.process) ? exit : undefined;
}

function journalOf(places: Places): Journal | undefined {
  let fd: number;
  try {
    fd = openSync(places.lock, "r");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    return readJournal(fd, places.lock);
  } finally {
    closeSync(fd);
  }
}
