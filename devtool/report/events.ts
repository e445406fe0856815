import type { FailureCode } from "../failure.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Checked, Difference, Removing, Setting, Status } from "./results.ts";

/** What a command reports while it works; docs/events.md is checked against it. Names are stable; new ones may be added. */
export type Event =
  | StageBegan
  | Connected
  | Disconnected
  | Forwarded
  | Changed
  | Bundled
  | SyncProgress
  | ProvisionProgress
  | Synced
  | Compiled
  | Pulled
  | Started
  | Responded
  | Finished
  | OutputText
  | OutputBytes
  | Exited
  | DiagnosticFound
  | Log
  | Notice
  | Checked
  | Status
  | Setting
  | Removing
  | Difference
  | Failed;

/** The fields of every line besides those of its event. */
interface Envelope {
  /** The round it belongs to, from 1; always 1 in a command other than `watch`; null if it belongs to no round. */
  readonly round: number | null;
  /** The name of the target it belongs to; null if it belongs to none. */
  readonly target: string | null;
  /** Milliseconds since the save or reconnection that the round follows; in the first and outside rounds, since the start. */
  readonly at: number;
}

/** One line of --json. */
export type EventLine<E extends Event = Event> = E & Envelope;

/** Where an event comes from. */
export interface Origin {
  readonly round?: number | null;
  readonly target?: string;
  /** What `at` counts from: a time of performance.now(). */
  readonly since?: number;
}

export type Report = (event: Event, origin?: Origin) => void;

/** A stage begins. */
interface StageBegan {
  readonly event: "stage";
  /** Which one. */
  readonly stage: Stage;
}

export type Stage = "connect" | "bundle" | "addons" | "sync" | "compile" | "end" | "launch" | "provision" | "pull";

/** A connection to a target is open. */
interface Connected {
  readonly event: "connected";
  /** How the target is reached. */
  readonly kind: "local" | "ssh" | "vagrant" | "lima" | "multipass";
  /** The target's platform, as Node.js names it: `linux`. */
  readonly platform: string;
  /** The target's processor, as Node.js names it: `x64`, `arm64`. */
  readonly arch: string;
  /** The C library of the target. */
  readonly libc: "glibc" | "musl";
  /** The version of the target's Node.js; null without one that is new enough. */
  readonly node: string | null;
  /** The login user. */
  readonly user: string;
  /** The user that the command of `run` and `watch` runs as: `root` or the login user. */
  readonly runsAs: string;
  /** How long it took, in milliseconds. */
  readonly milliseconds: number;
}

/** A connection ended on its own, or no new one could be opened. devtool keeps trying; each reason is reported once. */
interface Disconnected {
  readonly event: "disconnected";
  /** Why. */
  readonly code: FailureCode;
  /** Why, in words. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string | null;
}

/** A port or socket is listened on, and its connections go to the other side. */
interface Forwarded {
  readonly event: "forwarded";
  /** `forward`: from this machine to the target; `reverse`: from the target to this machine. */
  readonly direction: "forward" | "reverse";
  /** What is listened on: `localhost:8080` or a socket's path. */
  readonly listen: string;
  /** What its connections go to. */
  readonly to: string;
}

/** A round of `watch` begins. */
interface Changed {
  readonly event: "changed";
  /** What changed, relative to the project, with `/` between folders; null for everything. */
  readonly paths: readonly string[] | null;
}

/** The bundle is on disk. */
interface Bundled {
  readonly event: "bundled";
  /** Number of files in the bundle. */
  readonly files: number;
  /** The size of the bundle. */
  readonly bytes: number;
  /** How long it took, in milliseconds. */
  readonly milliseconds: number;
}

/** A stage that takes long goes on: of `sync` each second, of `provision` when apt says so. Each event has the numbers or the words. */
interface SyncProgress {
  readonly event: "progress";
  /** Which one. */
  readonly stage: "sync" | "provision";
  /** Number of files whose content was sent until now. */
  readonly files: number;
  /** Number of files that are compared with the mirror's, as far as that is known. */
  readonly filesTotal: number;
  /** Number of bytes sent until now. */
  readonly bytes: number;
  /** The size of the files that are compared. */
  readonly bytesTotal: number;
}

interface ProvisionProgress {
  readonly event: "progress";
  readonly stage: "sync" | "provision";
  /** How much of the step that `text` names is done: from 0 to 100. */
  readonly percent: number;
  /** What is being done, in apt's words. */
  readonly text: string;
}

/** The mirror on the target is up to date. */
interface Synced {
  readonly event: "synced";
  /** The mirror's absolute path on the target. */
  readonly mirror: string;
  /** Number of files whose content was sent, whole or in part. */
  readonly files: number;
  /** Number of files and folders deleted from the mirror. */
  readonly deleted: number;
  /** Number of bytes sent to the target. */
  readonly bytesSent: number;
  /** The size of all files that belong in the mirror; in a round of `watch`, of those that may have changed. */
  readonly bytesTotal: number;
  /** How long it took, in milliseconds. */
  readonly milliseconds: number;
}

/** Files were brought back from the mirror. */
interface Pulled {
  readonly event: "pulled";
  /** Number of files and links that were written here. */
  readonly files: number;
  /** Number of bytes received from the target. */
  readonly bytesReceived: number;
  /** The size of these files. */
  readonly bytesTotal: number;
  /** How long it took, in milliseconds. */
  readonly milliseconds: number;
}

/** The native part is up to date on the target. */
interface Compiled {
  readonly event: "compiled";
  /** Which step of the build: its name, or the command of `afterSync`. */
  readonly step: string;
  /** False where nothing native had changed, so nothing was compiled. */
  readonly compiled: boolean;
  /** How long it took, in milliseconds. */
  readonly milliseconds: number;
}

/** The command was started on the target. */
interface Started {
  readonly event: "started";
  /** The command and its arguments. */
  readonly argv: readonly string[];
  /** How long the round took up to here, in milliseconds. */
  readonly milliseconds: number;
}

/** The first of the command's output has arrived; not of one that has this terminal for its own. */
interface Responded {
  readonly event: "responded";
  /** How long the round took up to here, in milliseconds. */
  readonly milliseconds: number;
}

/** A command that runs no program on the target (`sync`, `build`) is done, or a round of `watch` that left its program running. */
interface Finished {
  readonly event: "finished";
  /** How long it took, in milliseconds. */
  readonly milliseconds: number;
}

/** The command wrote something. Each event has either `data` or `base64`. */
interface OutputText {
  readonly event: "output";
  /** The stream it wrote to. */
  readonly stream: "stdout" | "stderr";
  /** What it wrote, where that is valid UTF-8. A character is never split between two events. */
  readonly data: string;
}

interface OutputBytes {
  readonly event: "output";
  readonly stream: "stdout" | "stderr";
  /** Instead of `data`: what it wrote, where that is not valid UTF-8. */
  readonly base64: string;
}

/** The command ended, other than by being replaced by a newer round. */
interface Exited {
  readonly event: "exited";
  /** The exit code; null where a signal ended the command. */
  readonly code: number | null;
  /** The signal that ended the command, such as `SIGKILL`; otherwise null. */
  readonly signal: string | null;
}

/** A message of esbuild or a compiler about one place in the sources. */
interface DiagnosticFound extends Diagnostic {
  readonly event: "diagnostic";
}

/** A line printed by a tool on the target, such as make or the provision script. */
interface Log {
  readonly event: "log";
  /** The line, without its end. */
  readonly text: string;
}

/** Information that needs no action. */
interface Notice {
  readonly event: "notice";
  /** What it is, in words. */
  readonly text: string;
}

/** A round of `watch` failed, and the next save may fix it. Or the command failed, and this is its last event. */
interface Failed {
  readonly event: "failed";
  /** What failed. */
  readonly code: FailureCode;
  /** What failed, on what and why, in words. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string | null;
}
