import type { Health } from "../spec/health.ts";
import type { Life } from "../spec/life.ts";

/** What a monitor is given beside what it starts. Descriptors stay open in this process. */
export interface LifeOptions {
  readonly life: Life;
  /** tinydocker-monitor, open to be read. */
  readonly program: number;
  /** Where it writes. */
  readonly directory: number;
  /** The file of its memory cgroup that counts what the kernel killed. */
  readonly oom: number | undefined;
  /** A guard is started with the container. */
  readonly guarded: boolean;
  /** The guard is that of a second process, which does the rest of the plan. */
  readonly movesOn: boolean;
  /** It goes on only after a byte from its starter, which attaches first. */
  readonly awaitsStarter: boolean;
  /** It is of a command that is left in a container: of its end it keeps an event only. */
  readonly exec: boolean;
  readonly boot: string;
  /** The command that undoes what lies outside, after the end, and its environment. */
  readonly command: readonly string[];
  readonly environment: readonly string[];
  /** The command that prints whose namespaces it joins, before each further start; empty: it joins none. */
  readonly others: readonly string[];
  /** The first of the init's slots with a process that is joined. */
  readonly othersSlot: number;
  /** Netlink messages that are sent before each further start. */
  readonly before: Uint8Array;
  /** The plan of a health check; empty: there is none. */
  readonly health: Uint8Array;
  /** What events say of the container: an object's members in JSON, the last one not closed. */
  readonly about: string;
}

// struct td_life of native/life.h, in its order.
const BYTES = 120;
const PROGRAM_AT = 0;
const DIRECTORY_AT = 4;
const OOM_AT = 8;
const RESTART_AT = 12;
const RESTARTS_MAX_AT = 16;
const FLAGS_AT = 20;
const LOG_FILES_MAX_AT = 24;
const TEXT_BYTES_AT = 28;
const LOG_BYTES_MAX_AT = 32;
const TEXTS_AT = 40;
const HEALTH_AT = 96;
const OTHERS_SLOT_AT = 116;

/** A part of options_layout() of native/library/open.c. */
export const LIFE_LAYOUT = [BYTES, LOG_BYTES_MAX_AT, TEXTS_AT, HEALTH_AT] as const;

const RESTART = { no: 0, "on-failure": 1, always: 2, "unless-stopped": 2 } as const;
const FLAG = { stdin: 1, guarded: 2, awaitsStarter: 4, exec: 8, movesOn: 16 } as const;

/** The bytes of struct td_life and of the text behind it. */
export function encodeLife(options: LifeOptions): Uint8Array {
  const { life, oom = -1 } = options;
  const texts = [
    text(`${options.boot}\0`),
    list(options.command),
    list(options.environment),
    // A text is at least a byte before the end.
    options.before,
    options.health,
    text(options.about),
    list(options.others),
    text("\0"),
  ];
  const bytes = new Uint8Array(BYTES + texts.reduce((sum, { length }) => sum + length, 0));
  const view = new DataView(bytes.buffer);
  view.setInt32(PROGRAM_AT, options.program, true);
  view.setInt32(DIRECTORY_AT, options.directory, true);
  view.setInt32(OOM_AT, oom, true);
  view.setUint32(RESTART_AT, RESTART[life.restart.name], true);
  view.setUint32(RESTARTS_MAX_AT, life.restart.maximumRetryCount, true);
  view.setUint32(FLAGS_AT, flagsOf(options), true);
  view.setUint32(LOG_FILES_MAX_AT, life.log.maxFiles, true);
  view.setUint32(TEXT_BYTES_AT, bytes.length - BYTES, true);
  view.setUint32(OTHERS_SLOT_AT, options.othersSlot, true);
  view.setBigUint64(LOG_BYTES_MAX_AT, BigInt(life.log.maxSize), true);
  placeTexts(bytes, view, texts);
  if (life.health) placeHealth(view, life.health);
  return bytes;
}

function flagsOf({ life, ...asked }: LifeOptions): number {
  const isSet = { ...asked, stdin: life.stdinOpen };
  const names = Object.keys(FLAG) as (keyof typeof FLAG)[];
  return names.reduce((flags, name) => flags | (isSet[name] ? FLAG[name] : 0), 0);
}

function placeHealth(view: DataView, { interval, timeout, startPeriod, startInterval, retries }: Health): void {
  for (const [i, number] of [interval, timeout, startPeriod, startInterval, retries].entries())
    view.setUint32(HEALTH_AT + i * 4, number, true);
}

function placeTexts(bytes: Uint8Array, view: DataView, texts: readonly Uint8Array[]): void {
  let at = 0;
  for (const [i, one] of texts.entries()) {
    bytes.set(one, BYTES + at);
    if (i < texts.length - 1) {
      view.setUint32(TEXTS_AT + i * 8, at, true);
      view.setUint32(TEXTS_AT + i * 8 + 4, one.length, true);
    }
    at += one.length;
  }
}

function text(words: string): Uint8Array {
  return new TextEncoder().encode(words);
}

function list(words: readonly string[]): Uint8Array {
  return text(words.map((word) => `${word}\0`).join(""));
}
