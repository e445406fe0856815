/// <reference types="node" preserve="true" />
import { resolve } from "node:path";
import { exec as execInside } from "../container/exec.ts";
import { prepare } from "../container/request/prepare.ts";
import { start as startContainer } from "../container/start.ts";
import { explainer } from "../explain/explain.ts";
import { checkPlatform } from "../host/shim.ts";
import { stateRoot } from "../state/root.ts";
import { checkedExec, checkedName, checkedOptions, checkedRequest, checkedSignal } from "./check.ts";

export { Failure, type FailureCode } from "../failure.ts";
export {
  type Image,
  type ImageConfig,
  type ImportedImage,
  importImage,
  type LayerProgress,
  type LayerState,
  listImages,
  loadImages,
  type PulledImage,
  type PullOptions,
  pullImage,
  removeImage,
} from "./images.ts";

/** What to run, in the words of `docker run` and of the OCI runtime-spec. */
export interface ContainerRequest {
  /** 1 to 64 letters, digits, `.`, `_` and `-`. Only one container of a name runs at a time. */
  readonly name: string;
  /**
   * The command and its arguments; a command without a slash is looked up in the container's `PATH`. Where the image has an
   * entrypoint, its arguments; empty: what the image says.
   */
  readonly args: readonly string[];
  /** Added to the container's `PATH`, `HOME` and `HOSTNAME`; nothing of this process's environment is passed on. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** The image of its root, which is not fetched: see pullImage. Default: `host`, this machine's own root, which is never written to. */
  readonly image?: string | undefined;
  /** The program, in place of the image's entrypoint; empty: none. */
  readonly entrypoint?: string | undefined;
  /** `UID[:GID]`, numbers or names from the image's `/etc/passwd` and `/etc/group`. Default: the image's, else root. */
  readonly user?: string | undefined;
  /** An absolute path in the container, made if it is missing. Default: the image's, else `/`. */
  readonly cwd?: string | undefined;
  /** Default: the name. */
  readonly hostname?: string | undefined;
  /** `SRC:DST[:ro]` each: a file or directory of this machine, or the volume of that name. A relative SRC starts at `process.cwd()`. */
  readonly volumes?: readonly string[] | undefined;
  /** As docker's `--mount`: `type=bind,src=SRC,dst=DST[,ro]`, `type=volume,src=NAME,dst=DST[,ro]` or `type=tmpfs,dst=DST[,tmpfs-size=SIZE]` each. */
  readonly mounts?: readonly string[] | undefined;
  /** `DST[:OPTION,…]` each: an empty directory in memory, with options of tmpfs(5) such as `size=64m`. */
  readonly tmpfs?: readonly string[] | undefined;
  /** Of `/dev/shm`, such as `256m`. Default, also for `0`: `64m`. */
  readonly shmSize?: string | undefined;
  /** Whether the root is read-only. Default: false. */
  readonly readonly?: boolean | undefined;
  /** `none`, `host`, `container:NAME`, or names of networks; without root `bridge`, `slirp4netns` or `pasta`. Default: `bridge`; `none` without root. */
  readonly networks?: readonly string[] | undefined;
  /** Further names of the container on its networks. */
  readonly networkAliases?: readonly string[] | undefined;
  /** Its address on the only network it is on. Default: the next free one. */
  readonly ip?: string | undefined;
  /** The same of IPv6. */
  readonly ip6?: string | undefined;
  /** Of its link on that network, such as `02:42:ac:12:00:09`. Default: made of its address. */
  readonly macAddress?: string | undefined;
  /** `[ADDR:]PORT[-PORT]:PORT[-PORT][/udp]` each: ports of this machine that lead to those of the container. */
  readonly ports?: readonly string[] | undefined;
  /** Addresses of name servers. Default: this machine's. */
  readonly dns?: readonly string[] | undefined;
  /** Domains in which names are looked up; `.`: none. Default: this machine's. */
  readonly dnsSearch?: readonly string[] | undefined;
  /** Words of the line `options` of resolv.conf(5), such as `ndots:2`. Default: this machine's. */
  readonly dnsOptions?: readonly string[] | undefined;
  /** Added to its `/etc/hosts`, by name; the address `host-gateway` is this machine's. */
  readonly hosts?: Readonly<Record<string, string>> | undefined;
  /** Added to docker's 14 capabilities, such as `NET_ADMIN`, with or without `CAP_`; or `ALL`. */
  readonly capAdd?: readonly string[] | undefined;
  /** Taken away from them; or `ALL`. */
  readonly capDrop?: readonly string[] | undefined;
  /** As docker's: `seccomp=FILE`, `seccomp=unconfined`, `no-new-privileges=false`, `systempaths=unconfined`. */
  readonly securityOpt?: readonly string[] | undefined;
  /** All capabilities, system calls and devices; /proc and /sys can be written to. Default: false. */
  readonly privileged?: boolean | undefined;
  /** `HOST[:CONTAINER][:rwm]` each: a device of this machine, or a directory of devices. */
  readonly devices?: readonly string[] | undefined;
  /** Kernel settings of the container's own namespaces, such as `{ "net.ipv4.ip_forward": "1" }`. */
  readonly sysctls?: Readonly<Record<string, string>> | undefined;
  /** Whose processes it sees: `host`, or `container:NAME`, one that runs. Default: its own. */
  readonly pid?: string | undefined;
  /** Whose shared memory it has: `host`, `private`, `shareable`, `none` or `container:NAME`. Default: `private`. */
  readonly ipc?: string | undefined;
  /** `host`: it has this machine's host name. Default: its own. */
  readonly uts?: string | undefined;
  /** How much of this machine it may use. Default: all. */
  readonly limits?: Limits | undefined;
}

/** As the options of `docker run`. A size is a number of bytes or a text such as `256m`; one that can't be applied fails the start. */
export interface Limits {
  /** At least 6m. When it is used up, the kernel kills a process of the container. */
  readonly memory?: number | string | undefined;
  /** Memory and swap together; -1: any. Default: twice the memory. */
  readonly memorySwap?: number | string | undefined;
  /** What the kernel leaves to it when there is too little. */
  readonly memoryReservation?: number | string | undefined;
  /** Processors it may use at a time, such as 0.5. */
  readonly cpus?: number | string | undefined;
  /** Its weight when processors are scarce, 2 to 262144; usual: 1024. */
  readonly cpuShares?: number | string | undefined;
  /** Microseconds of processor time in each period of so many microseconds, in place of `cpus`. */
  readonly cpuQuota?: number | string | undefined;
  readonly cpuPeriod?: number | string | undefined;
  /** Processors and memory nodes it may use, such as `0-2,7`. */
  readonly cpusetCpus?: number | string | undefined;
  readonly cpusetMems?: number | string | undefined;
  /** Processes and threads at a time. */
  readonly pidsLimit?: number | string | undefined;
  /** `PATH:RATE` each: what is read or written of a disk in a second, in bytes or in operations. */
  readonly deviceReadBps?: readonly string[] | undefined;
  readonly deviceWriteBps?: readonly string[] | undefined;
  readonly deviceReadIops?: readonly string[] | undefined;
  readonly deviceWriteIops?: readonly string[] | undefined;
  /** -1000 to 1000: how readily the kernel kills it when the machine's memory is used up. */
  readonly oomScoreAdj?: number | string | undefined;
  /** `NAME=SOFT[:HARD]` each, such as `nofile=1024:4096`. */
  readonly ulimits?: readonly string[] | undefined;
}

export interface StartOptions {
  /**
   * Open file descriptors for the command's standard input, output and error. Default: this process's own.
   * The container has copies: they can be closed once `start` has resolved.
   */
  readonly stdio?: readonly [stdin: number, stdout: number, stderr: number] | undefined;
  /**
   * Receives the text that `tinydocker run --explain` prints, in pieces: before the start each step with its system call
   * and the reason for it, after the end the time of each step.
   */
  readonly explain?: ((text: string) => void) | undefined;
  /** The language of that text. Default: `en`. */
  readonly language?: "en" | "zh" | undefined;
}

/** How the command ended: its exit code, or the signal that ended it. */
export type ExitStatus = (
  | { readonly code: number; readonly signal: null }
  | { readonly code: null; readonly signal: NodeJS.Signals }
) & {
  /** The kernel killed a process of the container, not necessarily the command, because its memory was used up. */
  readonly oomKilled?: true;
};

/** A container whose command is running or has ended. It keeps Node.js from exiting, and ends when this process ends. */
export interface Container {
  readonly name: string;
  /** The command's process id on this machine. */
  readonly pid: number;
  /** Settles after the command ended and everything the container made on this machine was removed. */
  readonly exited: Promise<ExitStatus>;
  /**
   * Sends a signal to the command, SIGTERM by default. A command that doesn't handle a signal whose default action is to
   * end a program is killed. Returns false if the command has already ended.
   */
  kill(signal?: NodeJS.Signals): boolean;
}

/**
 * Starts a container, and resolves once its command runs. Needs Linux; without root, the container has one user, who is
 * root in it. Images and containers are stored in `/var/lib/tinydocker`, without root in `~/.local/share/tinydocker`; the
 * environment variable `TINYDOCKER_ROOT` names another directory.
 *
 * Only one thread of a process can start containers: the first that does. When it ends, the kernel kills its containers.
 *
 * @example
 * const container = await start({ name: "hello1", args: ["/bin/echo", "hello"] });
 * const { code, signal } = await container.exited;
 *
 * @throws Failure, with nothing left behind, when the request is not valid, or the container or its command can't be started
 */
export async function start(request: ContainerRequest, options: StartOptions = {}): Promise<Container> {
  const named = checkedRequest(request);
  const { stdio, explain, language } = checkedOptions(options);
  checkPlatform();
  const root = resolve(stateRoot());
  const observer = explain && explainer(language, explain);
  const container = await startContainer(
    await prepare(named, root),
    { ...(stdio && { stdio }), ...(observer && { observer }) },
    root,
  );
  let ended = false;
  const exited = container.exited.finally(() => {
    ended = true;
    observer?.finish();
  });
  // A caller may ignore it. When the start fails, it rejects with what this function throws.
  exited.catch(() => {});
  await container.started;
  return {
    name: container.name,
    pid: container.pid,
    exited,
    kill(signal = "SIGTERM") {
      const checked = checkedSignal(signal);
      return !ended && container.kill(checked);
    },
  };
}

/** Another command in a container that runs. */
export interface ExecRequest {
  /** The command and its arguments; a command without a slash is looked up in the container's `PATH`. */
  readonly args: readonly string[];
  /** Added to the container's own. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** `UID[:GID]`, numbers or names from the container's `/etc/passwd` and `/etc/group`. Default: the container's user. */
  readonly user?: string | undefined;
  /** An absolute path in the container. Default: the container's. */
  readonly cwd?: string | undefined;
  /** All capabilities; the container's other limits stay. Default: false. */
  readonly privileged?: boolean | undefined;
}

/** A command in a container. It keeps Node.js from exiting, and ends when this process or the container ends. */
export interface Execution {
  /** The command's process id on this machine. */
  readonly pid: number;
  /** Settles after the command ended. */
  readonly exited: Promise<ExitStatus>;
  /** Sends a signal to the command, SIGTERM by default. Returns false if it has already ended. */
  kill(signal?: NodeJS.Signals): boolean;
}

/**
 * Runs another command in a container that any process started, with its files, limits and rights, and resolves once it runs.
 * `container`: its name, or the beginning of its id.
 *
 * @throws Failure when the container does not run or is paused, or the command can't be started
 */
export async function exec(container: string, request: ExecRequest, options: StartOptions = {}): Promise<Execution> {
  const [name, asked] = [checkedName(container), checkedExec(request)];
  const { stdio, explain, language } = checkedOptions(options, "exec");
  checkPlatform();
  const observer = explain && explainer(language, explain);
  const running = await execInside(resolve(stateRoot()), name, asked, { ...(stdio && { stdio }), observer });
  const exited = running.exited.finally(() => observer?.finish());
  // A caller may ignore it. When the start fails, it rejects with what this function throws.
  exited.catch(() => {});
  await running.started;
  return { pid: running.pid, exited, kill: (signal = "SIGTERM") => running.kill(checkedSignal(signal)) };
}
