import { Failure } from "../../failure.ts";
import { RLIMIT } from "../../linux.ts";

/** As in the OCI runtime-spec's config.md, "POSIX process"; a number of -1 is no limit. */
export interface Rlimit {
  readonly type: keyof typeof RLIMIT;
  readonly soft: number;
  /** Absent: the caller's stays, and the soft one is at most that. */
  readonly hard?: number;
}

/** docker's names, which are ulimit's. */
const NAMES = Object.keys(RLIMIT).filter((name) => name !== "RLIMIT_AS");

/** NAME=SOFT[:HARD] each, as docker's --ulimit; of one name the last counts. Throws Failure for anything else. */
export function ulimitsOf(texts: readonly string[], usual: readonly Rlimit[]): Rlimit[] {
  const limits = new Map(usual.map((limit) => [limit.type, limit]));
  for (const text of texts) {
    const limit = ulimit(text);
    limits.set(limit.type, limit);
  }
  return [...limits.values()];
}

function ulimit(text: string): Rlimit {
  const [, name = "", first = "", second = first] = /^([a-z]+)=([^:]*)(?::([^:]*))?$/.exec(text) ?? [];
  const type = NAMES.find((one): one is Rlimit["type"] => one === `RLIMIT_${name.toUpperCase()}`);
  if (type === undefined) throw refused(text, `${JSON.stringify(name || text)} is not a limit of processes`);
  const [soft, hard] = [numberOf(text, first), numberOf(text, second)];
  if (hard !== -1 && (soft === -1 || soft > hard)) throw refused(text, "the soft limit is above the hard one");
  return { type, soft, hard };
}

function numberOf(text: string, value: string): number {
  if (value === "-1" || value === "unlimited") return -1;
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw refused(text, `${JSON.stringify(value)} is neither a whole number nor unlimited`);
}

function refused(text: string, why: string): Failure {
  const names = NAMES.map((name) => name.slice("RLIMIT_".length).toLowerCase()).join(", ");
  return new Failure(`can't set the limit ${JSON.stringify(text)}: ${why}`, {
    code: "usage",
    remedy: `use --ulimit NAME=SOFT[:HARD] with one of ${names}`,
  });
}
