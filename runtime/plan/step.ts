import type { Reason } from "../explain/reason.ts";

/** In the order of TD_OPS in native/plan.h, which says what each takes. */
export const OPS = [
  "MKDIR",
  "WRITE",
  "MOUNT",
  "OPEN_TREE",
  "SETATTR",
  "MOVE_MOUNT",
  "TOUCH",
  "PIVOT_ROOT",
  "DETACH",
  "SYMLINK",
  "MASK",
  "READONLY",
  "ROOT_RDONLY",
  "SETHOSTNAME",
  "LINK_UP",
  "RLIMIT",
  "KEYRING",
  "SETSID",
  "TERMINAL",
  "UMASK",
  "CAPBSET",
  "SETGROUPS",
  "SETGID",
  "SETUID",
  "CAPSET",
  "NO_NEW_PRIVS",
  "CHDIR",
  "EXEC",
] as const;

export type Op = (typeof OPS)[number];

/** A text of a step: a string, bytes, or strings that each end with NUL. */
export type Text = string | Uint8Array | readonly string[];

/** One thing tinydocker-init does. */
export interface Step {
  readonly op: Op;
  readonly numbers: readonly (number | bigint)[];
  readonly texts: readonly Text[];
  readonly reason: Reason;
  /** The container starts without it where the kernel refuses. */
  readonly optional?: boolean;
}

/** What a container's start consists of: the namespaces clone3 makes, then the steps inside them. */
export interface Plan {
  /** CLONE_NEW* of linux/sched.h. */
  readonly namespaces: number;
  readonly steps: readonly Step[];
}
