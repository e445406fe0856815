import type { CgroupStep } from "../cgroup/step.ts";
import type { Reason } from "../explain/reason.ts";
import type { Errno } from "../linux.ts";

/** The kinds of field, and the values they take. */
interface Values {
  readonly number: number | bigint;
  /** An index of a descriptor that another step uses. */
  readonly slot: number;
  readonly text: string;
  readonly list: readonly string[];
  /** Each below 2^32. */
  readonly words: readonly number[];
}

export type Kind = keyof Values;

/**
 * Each step's fields, in wire order. native/plan.h has the same table and explains each step; a program refuses a library
 * whose table differs.
 */
export const FIELDS = {
  PDEATHSIG: { signal: "number" },
  UNSHARE: { namespaces: "number" },
  DUMPABLE: { dumpable: "number" },
  JOIN_CGROUP: { slot: "slot" },
  SETNS: { slot: "slot", namespaces: "number" },
  CLONE: { slot: "slot" },
  AWAIT: { slot: "slot" },
  MKDIR: { mode: "number", path: "text" },
  WRITE: { mode: "number", path: "text", content: "text" },
  COPY: { mode: "number", source: "text", path: "text" },
  PRIVATE: {},
  MOUNT: { flags: "number", source: "text", target: "text", type: "text", data: "text" },
  TMPFS: { flags: "number", target: "text", data: "text" },
  FSMOUNT: { slot: "slot", attributes: "number", type: "text" },
  OPEN_TREE: { slot: "slot", flags: "number", device: "number", path: "text" },
  OPEN_IN: { slot: "slot", process: "slot", path: "text" },
  OPEN_BELOW: { slot: "slot", flags: "number", directory: "text", path: "text" },
  PROPAGATE: { slot: "slot", propagation: "number", flags: "number" },
  SETATTR: { slot: "slot", attributes: "number", flags: "number" },
  MOVE_MOUNT: { slot: "slot", path: "text" },
  TOUCH: { mode: "number", path: "text" },
  PIVOT_ROOT: { slot: "slot", path: "text" },
  DETACH: { slot: "slot" },
  SYMLINK: { target: "text", path: "text" },
  MASK: { path: "text" },
  READONLY: { path: "text" },
  MOUNT_RDONLY: { path: "text" },
  MKNOD: { mode: "number", device: "number", uid: "number", gid: "number", path: "text" },
  SYSCTL: { path: "text", value: "text" },
  SETHOSTNAME: { name: "text" },
  SETDOMAINNAME: { name: "text" },
  LINK_UP: { name: "text" },
  OPEN_NETWORK: { fd: "number" },
  NETLINK: { slot: "slot", link: "text", messages: "words" },
  AWAIT_LINK: { slot: "slot", link: "text" },
  AWAIT_LOCAL: { slot: "slot", request: "words" },
  RLIMIT: { resource: "number", soft: "number" },
  SETRLIMIT: { resource: "number", soft: "number", hard: "number" },
  OOM_SCORE_ADJ: { score: "text" },
  KEYRING: {},
  SETSID: {},
  TERMINAL: { uid: "number", console: "number" },
  CHOWN_PIPES: { uid: "number" },
  UMASK: { mask: "number" },
  CAPBSET: { capabilities: "number" },
  SETGROUPS: { groups: "words" },
  SETGID: { gid: "number" },
  SETUID: { uid: "number" },
  CAPSET: { effective: "number", permitted: "number" },
  NO_NEW_PRIVS: {},
  CHDIR: { path: "text" },
  CLOSE_ON_EXEC: {},
  SECCOMP: { flags: "number", filter: "words" },
  REAPER: {},
  EXEC: { args: "list", env: "list", search: "text" },
  END: {},
} as const satisfies Readonly<Record<string, Readonly<Record<string, Kind>>>>;

export type Op = keyof typeof FIELDS;

/** The value of a field of that kind. */
type Value<K> = K extends Kind ? Values[K] : never;

/** One step of tinydocker-init, such as `{ op: "CHDIR", path: "/", reason: "chdir" }`. */
export type Step = {
  readonly [O in Op]: {
    readonly op: O;
    readonly reason: Reason;
    /** The container starts even if this step fails with that errno; "any" only where no security depends on the step. */
    readonly excusedBy?: Errno | "any";
  } & { readonly [F in keyof (typeof FIELDS)[O]]: Value<(typeof FIELDS)[O][F]> };
}[Op];

/** Something that was made for the container outside it, before its start: the call, or command, that makes it. */
export interface Preparation {
  readonly call: string;
  readonly reason: Reason;
}

/** What a container's start consists of: steps outside it, the namespaces clone3 makes, then the steps inside them. */
export interface Plan {
  readonly outside: readonly CgroupStep[];
  /** CLONE_NEW* of linux/sched.h. */
  readonly namespaces: number;
  readonly steps: readonly Step[];
  /**
   * A guard ends it if the process that started it is killed: its own first process may clear its death signal, by
   * prctl(2), by a change of its user or by executing a program that gains rights.
   */
  readonly guarded: boolean;
}
