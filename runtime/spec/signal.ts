import { SIGNAL } from "../linux.ts";

/** Of the C library: the first real-time signal that programs may use, and the last. */
const REAL_TIME = { first: 34, last: 64 } as const;

/** TERM, SIGTERM, 15 and RTMIN+3 as the name of the signal; undefined for what is none. */
export function signalNamed(written: string): string | undefined {
  const name = written.toUpperCase().replace(/^(SIG)?/, "SIG");
  if (Object.hasOwn(SIGNAL, name)) return name;
  const [, sign, offset = "0"] = /^SIGRT(?:MIN|(MAX))(?:[+-](\d+))?$/.exec(name) ?? [];
  if (name.startsWith("SIGRT"))
    return realTime(sign ? REAL_TIME.last - Number(offset) : REAL_TIME.first + Number(offset));
  return /^\d+$/.test(written) ? numbered(Number(written)) : undefined;
}

function numbered(number: number): string | undefined {
  const [name] = Object.entries(SIGNAL).find(([, value]) => value === number) ?? [];
  return name === undefined ? realTime(number) : name;
}

function realTime(number: number): string | undefined {
  if (!(number >= REAL_TIME.first && number <= REAL_TIME.last)) return undefined;
  return `SIGRTMIN+${number - REAL_TIME.first}`;
}
