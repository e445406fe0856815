/** What failed, for programs: a stable name for each failure that they may handle differently. More may be added. */
export type FailureCode =
  /** The command line, or the request to start a container, is not valid. */
  | "usage"
  /** The name of a container or an image is not valid. */
  | "name-invalid"
  /** The name belongs to a container that is running or kept. */
  | "name-in-use"
  /** There is no container with that name. */
  | "container-not-found"
  /** The container is not running, and the operation needs one that is. */
  | "container-not-running"
  /** The container is paused, so that no command can be started in it. */
  | "container-paused"
  /** There is no image with that name. */
  | "image-not-found"
  /** An image with that name already exists. */
  | "image-exists"
  /** The image is built in: it can be neither imported nor removed. */
  | "image-built-in"
  /** The image is in use, so it can't be removed. */
  | "image-in-use"
  /** The source to import is not an archive, or is damaged, or contains files that are not safe to unpack. */
  | "image-invalid"
  /** The stored image is damaged. */
  | "image-damaged"
  /** A registry can't be reached, does not answer, or is not trusted. */
  | "registry-unreachable"
  /** A registry does not let the caller do that: no credentials, or others are needed. */
  | "registry-denied"
  /** A registry answers fewer requests than were made of it. */
  | "registry-limited"
  /** A registry answers an error, or what its protocol does not have. */
  | "registry-failed"
  /** The archive or directory to import can't be read. */
  | "source-unreadable"
  /** The image could not be stored for another reason. */
  | "import-failed"
  /** The user to run as is neither a name in the image nor a valid UID[:GID]. */
  | "user-unknown"
  /** The source of a mount does not exist, or can't be reached. */
  | "mount-source-missing"
  /** There is no volume with that name. */
  | "volume-not-found"
  /** A container has the volume, so it can't be removed. */
  | "volume-in-use"
  /** What is to be given to the container as a device does not exist, or is none. */
  | "device-missing"
  /** The operation needs root. */
  | "root-required"
  /** There is no network with that name. */
  | "network-not-found"
  /** A network with that name, or with some of the addresses, already exists. */
  | "network-exists"
  /** Containers are on the network, so it can't be removed. */
  | "network-in-use"
  /** The kernel refuses to make or change a link, an address or a route. */
  | "network-refused"
  /** The rules that containers need can't be declared: there is no netfilter, or it refuses them. */
  | "firewall-unusable"
  /** Without root: slirp4netns or pasta is not installed, or does not connect the container. */
  | "network-helper-failed"
  /** The address that was asked for is not one of the network, or is taken; or all of its addresses are. */
  | "address-unavailable"
  /** A port of this machine that should be published is in use. */
  | "port-in-use"
  /** The working directory of the command can't be entered. */
  | "workdir-unusable"
  /** The command is not in the image. */
  | "command-not-found"
  /** The command is in the image, but its interpreter or dynamic loader is not. */
  | "interpreter-missing"
  /** The command is in the image, but can't be executed. */
  | "command-not-executable"
  /** This machine is not Linux. */
  | "platform-unsupported"
  /** The kernel is older than the oldest supported one. */
  | "kernel-too-old"
  /** The kernel refuses to start a process in new namespaces. */
  | "namespace-refused"
  /** A limit of this machine is reached: processes, namespaces or memory. */
  | "limit-reached"
  /** A limit that was asked for can't be applied on this machine, or by this user. */
  | "limit-unavailable"
  /** The container can't get a cgroup of its own. */
  | "cgroup-refused"
  /** The kernel refuses to mount the container's overlay file system. */
  | "overlay-refused"
  /** Another step in setting the container up failed. */
  | "setup-failed"
  /** The container's init was ended from outside before it ran the command. */
  | "init-ended"
  /** The disk with the state directory is full, or the user's quota on it is used up. */
  | "no-space"
  /** The state directory can't be read or written. */
  | "state-unwritable"
  /** The caller's observer of the start threw an error. */
  | "observer-failed"
  /** A file in the state directory is damaged, or was written by a newer version. */
  | "state-damaged"
  /** What a container left behind can't be removed. */
  | "cleanup-failed"
  /** The native part does not compile, or the tools for it are missing. */
  | "native-build-failed"
  /** The compiled native part and the program have different versions. */
  | "native-mismatch"
  /** The native part can't be started. */
  | "native-failed"
  /** A bug in tinydocker. */
  | "internal";

interface FailureOptions {
  readonly code: FailureCode;
  readonly remedy?: string;
  readonly exitCode?: 125 | 126 | 127;
  readonly cause?: unknown;
}

/** A failure that a person can act on: what failed, on what and why in `message`; what to do about it in `remedy`. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: FailureCode;
  readonly remedy: string | undefined;
  /** As docker's: 125 tinydocker itself failed, 126 the command can't be executed, 127 there is no such command. */
  readonly exitCode: 125 | 126 | 127;

  constructor(message: string, { code, remedy, exitCode = 125, cause }: FailureOptions) {
    super(message, { cause });
    this.code = code;
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

/** Whether the work was done: false where it failed with one of these codes, as others changed what it is about meanwhile. */
export async function doneUnless(codes: readonly FailureCode[], work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof Failure && codes.includes(error.code)) return false;
    throw error;
  }
}
