/**
 * What failed, for programs: a stable name for each failure that a program may handle differently. New ones may be
 * added.
 */
export type FailureCode =
  /** The command line is not valid, or names no command where one is needed. */
  | "usage"
  /** There is no devtool.config file in this folder or above it. */
  | "config-not-found"
  /** The configuration can't be read or run, or a value in it is not valid. */
  | "config-invalid"
  /** The target's name is neither in the configuration nor a host as ssh accepts it. */
  | "target-invalid"
  /** The project's folder is missing or empty, or some of its files can't be read. */
  | "project-unreadable"
  /** The project has more files than can be synced. */
  | "project-too-large"
  /** The program does not bundle: the `diagnostic` events before this say where. */
  | "bundle-failed"
  /** A package has no version, or no native part, for the target's platform, its glibc and its libstdc++. */
  | "package-unavailable"
  /** The package registry can't be reached. */
  | "registry-unreachable"
  /** npm, which gets packages for the target's platform, is not installed on this machine. */
  | "npm-missing"
  /** The native sources do not compile: the `diagnostic` and `log` events before this say where. */
  | "build-failed"
  /** A tool that compiling needs, such as make or gcc, is not installed on the target. */
  | "tool-missing"
  /** This machine's limit of watched or open files is reached. */
  | "watch-limit"
  /** The project can't be watched for another reason. */
  | "watch-failed"
  /** The SSH configuration can't be read, or asks for what is not supported. */
  | "ssh-config-invalid"
  /** A known_hosts file can't be read, so the host's key can't be checked. */
  | "known-hosts-unreadable"
  /** The host's key is not known yet, and nobody accepted it. */
  | "host-key-unknown"
  /** The host's key is not the known one: someone may be intercepting the connection. */
  | "host-key-changed"
  /** The host's key was revoked. */
  | "host-key-revoked"
  /** A private key needs a passphrase that was not given. */
  | "key-locked"
  /** Nothing answers at the target's address, or not in time. */
  | "target-unreachable"
  /** The target is not an SSH server, or shares no algorithm with this client. */
  | "handshake-failed"
  /** The target accepts none of the keys offered for the user. */
  | "login-refused"
  /** An open connection to the target ended on its own. */
  | "connection-lost"
  /** The target refused one more session or forwarding on an open connection. */
  | "channel-refused"
  /** A port or socket of this machine that is to be forwarded is in use. */
  | "port-in-use"
  /** A port or socket can't be listened on for another reason. */
  | "port-refused"
  /** Nothing accepts a connection to a forwarded port. */
  | "port-unreachable"
  /** The target is not Linux. */
  | "platform-unsupported"
  /** A file of an editor's can't be read, extended or written. */
  | "editor-file-invalid"
  /** devtool's agent can't be started on the target. */
  | "agent-failed"
  /** The bundle needs Node.js, and the target has none that is new enough. */
  | "node-missing"
  /** The command must run as root, and the target allows no sudo without a password. */
  | "sudo-refused"
  /** The command to start is not in the PATH of the target. */
  | "command-not-found"
  /** The command can't be started on the target for another reason. */
  | "process-not-started"
  /** The folder that a command is to start in is not on the target, or another one is in its place since. */
  | "directory-missing"
  /** The target has no rsync. */
  | "rsync-missing"
  /**
   * What answers on the target does not speak rsync's protocol: rsync is too old, or a shell start-up file prints
   * something.
   */
  | "rsync-incompatible"
  /** rsync on the target failed for another reason. */
  | "sync-failed"
  /** The disk of the target is full, or the user's quota on it. */
  | "no-space"
  /** The login user may not write to the mirror, or its file system is read-only. */
  | "mirror-unwritable"
  /** The path of the mirror is refused, because what is not in the project is deleted from a mirror, or no folder can be made there. */
  | "mirror-invalid"
  /** What `pull` is to bring back is not in the mirror. */
  | "not-in-mirror"
  /** What `pull` was asked for could not be brought, as where something else is in its place here. */
  | "not-brought"
  /** `pull` left files that are newer here, and was not forced to replace them. */
  | "newer-here"
  /** The project's folder can't be written. */
  | "project-unwritable"
  /** Standard output can't be written, such as a file on a disk that is full. */
  | "output-unwritable"
  /** A sync would delete most of what was sent before, and was not forced to. */
  | "deletion-refused"
  /** There is no round of `watch` or `run` to show. */
  | "trace-empty"
  /** vagrant is not installed on this machine. */
  | "vagrant-missing"
  /** vagrant can't be run for another reason. */
  | "vagrant-failed"
  /** limactl or multipass is not installed on this machine, or can't be run. */
  | "machine-tool-failed"
  /** vagrant, limactl or multipass does not say how to reach the virtual machine, usually because it is not running. */
  | "machine-not-running"
  /** The provision script ended with an error: the `log` events before this are its output. */
  | "provision-failed"
  /** A file of devtool's own is missing. */
  | "installation-damaged"
  /** A bug in devtool. */
  | "internal";

/**
 * 2: the input was refused and nothing was touched; 127 or 126: the program that devtool was to run is not there, or is
 * not one, as a shell has it; 1: any other failure.
 */
export type FailureExit = 1 | 2 | 126 | 127;

interface FailureOptions {
  readonly code: FailureCode;
  readonly remedy?: string;
  readonly exitCode?: FailureExit;
  readonly cause?: unknown;
}

/** A failure that a person can act on: what failed, on what and why in `message`; what to do about it in `remedy`. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: FailureCode;
  readonly remedy: string | undefined;
  readonly exitCode: FailureExit;
  /** The name of the target it happened on, where it happened on one: see onTarget. */
  target: string | undefined;

  constructor(message: string, { code, remedy, exitCode = 1, cause }: FailureOptions) {
    super(message, { cause });
    this.code = code;
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

/** Also one of the class in another file of the built program: cli.ts and main.ts, which Node.js runs first, have a class of their own. */
export function isFailure(error: unknown): error is Failure {
  return error instanceof Error && error.name === "Failure";
}

/** Marks a failure of `work` as having happened on this target. */
export async function onTarget<T>(name: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Failure) error.target ??= name;
    throw error;
  }
}

/** The connection to a target ended on its own; `watch` reconnects after it. */
export class ConnectionLost extends Failure {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, {
      code: "connection-lost",
      remedy: "check that machine and the network, then run it again; devtool watch reconnects by itself",
      ...options,
    });
  }
}
