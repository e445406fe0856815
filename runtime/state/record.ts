import { closeSync, mkdirSync, openSync, readSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Failure } from "../failure.ts";
import { isListOf, isOneOf, isRecordOf, isText, isWhole, parseJson, type Shape } from "../shape.ts";
import type { Life } from "../spec/life.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import { type Entry, isEntry, processOf } from "./entry.ts";
import { type Exit, isExit } from "./exit.ts";
import { isLife } from "./life-shape.ts";
import { isMissing } from "./lock.ts";
import { replaceFile } from "./replace-file.ts";
import { isContainerSpec } from "./spec-shape.ts";
import { textOf } from "./text-of.ts";

/** What a container is. Whether it runs is not stored here: see status.ts. */
export interface ContainerRecord {
  readonly version: 2;
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970, not formatted: formatting the first date of a program reads the files of the time zone. */
  readonly created: number;
  /** When it is removed; one that is kept after its exit can be started again. */
  readonly remove: "at exit" | "on request";
  readonly spec: ContainerSpec;
  /** What lasts until its removal. */
  readonly entries: readonly Entry[];
  /** Of a container without a monitor: that writes its exit to a file of its own. */
  readonly exit?: Exit;
  /** Of a container that stays when the command line ends; it has a monitor while it runs. */
  readonly life?: Life;
}

const VERSION = 2;

export const isContainerRecord: Shape<ContainerRecord> = isRecordOf(
  {
    version: isOneOf(VERSION),
    id: isText,
    name: isText,
    created: isWhole,
    remove: isOneOf("at exit", "on request"),
    spec: isContainerSpec,
    entries: isListOf(isEntry),
  },
  { exit: isExit, life: isLife },
);

export function newRecord(
  spec: ContainerSpec,
  remove: ContainerRecord["remove"],
  entries: readonly Entry[],
  life?: Life,
): ContainerRecord {
  const about = { version: VERSION, id: newId(), name: spec.name, created: Date.now() } as const;
  return { ...about, remove, spec, entries, ...(life ? { life } : {}) };
}

/** 64 hexadecimal digits, of a container or of a volume without a name. Not by node:crypto, which takes a millisecond to load. */
export function newId(): string {
  const fd = openSync("/dev/urandom", "r");
  try {
    const bytes = Buffer.alloc(32);
    readSync(fd, bytes);
    return bytes.toString("hex");
  } finally {
    closeSync(fd);
  }
}

/** Undefined if there is none. Throws Failure for one that is damaged or of another version. */
export function readRecord(path: string): ContainerRecord | undefined {
  const text = textOf(path);
  if (text === undefined) return undefined;
  const record = parseJson(text);
  if (isContainerRecord(record)) return record;
  throw isOfOtherVersion(record) ? ofOtherVersion(path, record.version) : damaged(path);
}

/** Such a record has other fields. */
export const isOfOtherVersion: Shape<{ readonly version: number }> = (value): value is { readonly version: number } =>
  isVersioned(value) && value.version !== VERSION;

const isVersioned = isRecordOf({ version: isWhole });

function damaged(path: string): Failure {
  return new Failure(`${path} is not the record of a container`, {
    code: "state-damaged",
    remedy: removeRemedy(basename(path)),
  });
}

/** Of what is damaged. */
export function removeRemedy(key: string): string {
  return `tinydocker rm -f ${key} ends what runs of it, and removes what is left`;
}

function ofOtherVersion(path: string, version: number): Failure {
  const age = version > VERSION ? "a newer" : "an older";
  return new Failure(`${path} was written by ${age} tinydocker`, {
    code: "state-damaged",
    remedy: `use that version, or remove the file, and the container's directory in containers/`,
  });
}

/** Writes the record completely or not at all, even when the machine loses power. The name must be locked. */
export function writeRecord(path: string, record: ContainerRecord): void {
  const content = `${JSON.stringify(record)}\n`;
  replaceFile(path, unfinishedPath(path), openUnfinished, { content, lasting: true });
}

function openUnfinished(path: string): number {
  try {
    return openSync(path, "w", 0o600);
  } catch (error) {
    if (!isMissing(error)) throw error;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return openSync(path, "w", 0o600);
  }
}

/** A container's name can't begin with a dot. */
function unfinishedPath(path: string): string {
  return join(dirname(path), `.${basename(path)}`);
}

/**
 * Whether whoever locks the name next leaves it a container. `entries`: of the journal. One that is removed at its exit and has a record
 * was created first; it may not have been started.
 */
export function isKept(record: ContainerRecord | undefined, entries: readonly Entry[]): boolean {
  return record !== undefined && (record.remove === "on request" || !processOf(entries));
}

/** It need not exist. */
export function removeRecord(path: string): void {
  unlinkIfThere(path);
}

/** Removes what a killed process left while it was writing the record. */
export function removeUnfinished(path: string): void {
  unlinkIfThere(unfinishedPath(path));
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
