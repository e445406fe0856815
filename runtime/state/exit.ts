import { Failure } from "../failure.ts";
import { isProcessIdentity, type ProcessIdentity } from "../host/process.ts";
import { signalName, signalNumber } from "../host/signals.ts";
import { isEither, isOneOf, isRecordOf, isText, isTrue, isWhole, parseJson, type Shape } from "../shape.ts";
import { textOf } from "./text-of.ts";

/** How the command ended, as waitpid reports it: a code, or the signal that ended it. */
export type ExitStatus = (
  | { readonly code: number; readonly signal: null }
  | { readonly code: null; readonly signal: NodeJS.Signals }
) & {
  /** The kernel killed a process of the container, not necessarily the command, because memory was used up. */
  readonly oomKilled?: true;
};

/**
 * What a container's end is for programs where nobody saw it, because who waited for it was killed: docker's, for one that ended
 * while its daemon did not run. 137 would say that SIGKILL ended it, which is not known, and -1 is no exit code.
 */
const UNSEEN = 255;

/** As a shell reports a signal: 128 plus its number. */
export function exitCodeOf(status: Exit["status"]): number {
  if (status === "unknown") return UNSEEN;
  return status.signal === null ? status.code : 128 + signalNumber(status.signal);
}

/** The last end of a container that is kept. */
export interface Exit {
  /** Unknown when the process that waited for the command was killed. */
  readonly status: ExitStatus | "unknown";
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What ended; absent when it had ended before it could be identified. */
  readonly process?: ProcessIdentity;
  /** How often the monitor has started it again since it was started. */
  readonly restarts?: number;
  /** It was asked to stop, so that no restart policy starts it again. */
  readonly stopped?: true;
}

export function exitNow(status: Exit["status"], process: ProcessIdentity | undefined): Exit {
  return { status, at: Date.now(), ...(process ? { process } : {}) };
}

/** Accepts any name of a signal: the kernel may have others than Node's type lists. */
const isSignal: Shape<NodeJS.Signals> = (value): value is NodeJS.Signals => isText(value) && value.startsWith("SIG");

const isExitStatus = isEither(
  isRecordOf({ code: isWhole, signal: isOneOf(null) }, { oomKilled: isTrue }),
  isRecordOf({ code: isOneOf(null), signal: isSignal }, { oomKilled: isTrue }),
);

export const isExit: Shape<Exit> = isRecordOf(
  { status: isEither(isExitStatus, isOneOf("unknown")), at: isWhole },
  { process: isProcessIdentity, restarts: isWhole, stopped: isTrue },
);

/** What a monitor writes: as Exit, with the number of the signal, and with neither code nor signal where it is unknown. */
const isMonitored = isRecordOf(
  { code: isEither(isWhole, isOneOf(null)), signal: isEither(isWhole, isOneOf(null)), at: isWhole, restarts: isWhole },
  { oomKilled: isTrue, stopped: isTrue, process: isProcessIdentity },
);

/** The last exit that the monitor recorded in that file; undefined if there is none yet. Throws Failure when it is damaged. */
export function readExit(path: string): Exit | undefined {
  const text = textOf(path);
  if (text === undefined) return undefined;
  const exit = exitIn(text);
  if (exit) return exit;
  throw damaged(path);
}

/** How a container ended, by a monitor's words; undefined for any others. */
export function parseExit(text: string): ExitStatus | undefined {
  const status = exitIn(text)?.status;
  return status === "unknown" ? undefined : status;
}

function exitIn(text: string): Exit | undefined {
  const exit = parseJson(text);
  if (!isMonitored(exit)) return undefined;
  const { code, signal, oomKilled, ...about } = exit;
  return { ...about, status: { ...statusOf(code, signal), ...(oomKilled ? { oomKilled } : {}) } };
}

function statusOf(code: number | null, signal: number | null): ExitStatus {
  return signal === null ? { code: code ?? 0, signal } : { code: null, signal: signalName(signal) };
}

function damaged(path: string): Failure {
  return new Failure(`${path} does not say how a container ended`, {
    code: "state-damaged",
    remedy: "remove the file: the container's last exit is unknown then",
  });
}
