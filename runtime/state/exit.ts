import { isProcessIdentity, type ProcessIdentity } from "../host/process.ts";
import { isEither, isOneOf, isRecordOf, isText, isWhole, type Shape } from "../shape.ts";

/** How the command ended, as waitpid reports it: a code, or the signal that ended it. */
export type ExitStatus = (
  | { readonly code: number; readonly signal: null }
  | { readonly code: null; readonly signal: NodeJS.Signals }
) & {
  /** The kernel killed a process of the container, not necessarily the command, because memory was used up. */
  readonly oomKilled?: true;
};

/** The last end of a container that is kept. */
export interface Exit {
  /** Unknown when the process that waited for the command was killed. */
  readonly status: ExitStatus | "unknown";
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What ended; absent when it had ended before it could be identified. */
  readonly process?: ProcessIdentity;
}

export function exitNow(status: Exit["status"], process: ProcessIdentity | undefined): Exit {
  return { status, at: Date.now(), ...(process ? { process } : {}) };
}

/** Accepts any name of a signal: the kernel may have others than Node's type lists. */
const isSignal: Shape<NodeJS.Signals> = (value): value is NodeJS.Signals => isText(value) && value.startsWith("SIG");

const isTrue: Shape<true> = (value) => value === true;

const isExitStatus = isEither(
  isRecordOf({ code: isWhole, signal: isOneOf(null) }, { oomKilled: isTrue }),
  isRecordOf({ code: isOneOf(null), signal: isSignal }, { oomKilled: isTrue }),
);

export const isExit: Shape<Exit> = isRecordOf(
  { status: isEither(isExitStatus, isOneOf("unknown")), at: isWhole },
  { process: isProcessIdentity },
);
