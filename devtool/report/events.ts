import type { Failure } from "../failure.ts";
import type { Diagnostic } from "./diagnostic.ts";

/**
 * What a command tells while it works. With --json each is one line of standard output; a path is posix. Times are in
 * milliseconds, sizes in bytes. Names and meanings stay; more may come.
 */
export type Event =
  /** A stage has begun: `connect`, `bundle`, `addons`, `sync`, `compile`, `launch`, `provision`. */
  | { readonly event: "stage"; readonly stage: Stage }
  | ({ readonly event: "connected"; readonly target: string; readonly kind: string } & Took & Machine)
  /** The connection ended on its own, or a new one could not be had; more tries follow. */
  | { readonly event: "disconnected"; readonly message: string; readonly remedy: string | null }
  /** A round begins; `paths` are relative to the project, and null stands for all. */
  | { readonly event: "changed"; readonly paths: readonly string[] | null }
  | ({ readonly event: "bundled"; readonly files: number; readonly bytes: number } & Took)
  /** `mirror`: absolute path on the target. `files`: those whose content was sent, whole or in part. */
  | ({ readonly event: "synced" } & Synced & Took)
  /** `compiled` is false where nothing native had changed. */
  | ({ readonly event: "compiled"; readonly compiled: boolean } & Took)
  /** Took: from the round's begin. */
  | ({ readonly event: "started"; readonly argv: readonly string[] } & Took)
  /** A round without a command to start is over. Took: from its begin. */
  | ({ readonly event: "finished" } & Took)
  /** `base64` where the bytes are no UTF-8. */
  | { readonly event: "output"; readonly stream: "stdout" | "stderr"; readonly data: string }
  | { readonly event: "output"; readonly stream: "stdout" | "stderr"; readonly base64: string }
  /** As waitpid tells: a code, or the signal that ended it. */
  | { readonly event: "exited"; readonly code: number | null; readonly signal: string | null }
  | ({ readonly event: "diagnostic" } & Diagnostic)
  /** A line that a tool on the target printed: make, provision.sh. */
  | { readonly event: "log"; readonly text: string }
  | { readonly event: "notice"; readonly text: string }
  /** doctor: one thing looked at. */
  | ({ readonly event: "check" } & Check)
  /** status: one thing known, absent as null. */
  | { readonly event: "status"; readonly name: string; readonly value: string | null }
  | { readonly event: "failed"; readonly message: string; readonly remedy: string | null };

export type Stage = "connect" | "bundle" | "addons" | "sync" | "compile" | "launch" | "provision";

export interface Check {
  readonly where: string;
  readonly name: string;
  /** Whether it is as it should be; a missing thing that is not `needed` is only said. */
  readonly ok: boolean;
  readonly needed: boolean;
  readonly found: string | null;
  readonly remedy: string | null;
}

export type Report = (event: Event) => void;

export function reportFailure({ message, remedy }: Failure, report: Report): void {
  report({ event: "failed", message, remedy: remedy ?? null });
}

interface Took {
  readonly milliseconds: number;
}

interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly libc: string;
  readonly node: string;
  readonly user: string;
}

interface Synced {
  readonly mirror: string;
  readonly files: number;
  readonly deleted: number;
  readonly bytesSent: number;
  readonly bytesTotal: number;
}
