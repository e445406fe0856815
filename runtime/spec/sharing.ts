import { Failure } from "../failure.ts";
import type { Mount } from "./mounts.ts";
import { noContainer } from "./name.ts";
import type { Identity, Namespaces, Whose } from "./namespaces.ts";

/** Namespaces of others that a container is to have, in docker's words: `host`, `container:NAME` and others. */
export interface SharingRequest {
  /** host or container:NAME. Default: its own. */
  readonly pid?: string | undefined;
  /** host, private, shareable, none or container:NAME. Default: private. */
  readonly ipc?: string | undefined;
  /** host. Default: its own. */
  readonly uts?: string | undefined;
}

/** Another container of which one can be shared. */
export interface Other {
  readonly id: string;
  readonly hostname: string;
  /** Its IPC namespace may be joined. */
  readonly shareableIpc: boolean;
}

/** By what was written after `container:`. */
export type Others = ReadonlyMap<string, Other>;

export interface Sharing {
  readonly pid: Whose;
  readonly ipc: Whose;
  readonly uts: Whose;
  readonly network: Whose;
  /** Whether others may join the IPC namespace, and whether there is a /dev/shm. */
  readonly memory: "private" | "shareable" | "none";
}

const CONTAINER = "container:";

/** What is written after `container:`, or undefined. */
export function containerIn(written: string | undefined): string | undefined {
  return written?.startsWith(CONTAINER) ? written.slice(CONTAINER.length) : undefined;
}

/** The containers that a request names, as they are written. */
export function othersIn({ pid, ipc }: SharingRequest, networks: readonly string[] = []): string[] {
  return [...new Set([pid, ipc, ...networks].flatMap((written) => containerIn(written) ?? []))];
}

/** Checks the request. `network`: the only network it names. Throws Failure for what can't be. */
export function sharingOf(
  { pid, ipc, uts }: SharingRequest,
  network: string | undefined,
  caller: Pick<Identity, "sysAdmin"> & { readonly others?: Others },
): Sharing {
  const whose = (option: string, written: string | undefined): Whose => {
    if (written === undefined || written === "") return "own";
    if (written === "host") return written;
    const container = containerIn(written);
    if (!container) throw unknown(option, written);
    if (!caller.sysAdmin) throw needsRoot(`${option} ${written}`);
    return { container: otherNamed(container, caller.others).id };
  };
  const isOwnIpc = ipc === "private" || ipc === "shareable" || ipc === "none";
  if (pid === "host" && !caller.sysAdmin) throw needsRoot("--pid host");
  if (containerIn(uts) !== undefined) throw unknown("--uts", uts ?? "");
  return {
    pid: whose("--pid", pid),
    ipc: isOwnIpc ? "own" : shareable(whose("--ipc", ipc), ipc, caller.others),
    uts: whose("--uts", uts),
    network: containerIn(network) === undefined ? (network === "host" ? "host" : "own") : whose("--network", network),
    memory: isOwnIpc ? ipc : "private",
  };
}

export function otherNamed(written: string, others: Others | undefined): Other {
  const other = others?.get(written);
  if (other) return other;
  throw noContainer(written);
}

function shareable(whose: Whose, written: string | undefined, others: Others | undefined): Whose {
  const container = containerIn(written);
  if (container === undefined || otherNamed(container, others).shareableIpc) return whose;
  throw refused(
    `--ipc ${written}: the container ${container} keeps its IPC namespace to itself`,
    "start that one with --ipc shareable",
  );
}

const TAKES: Readonly<Record<string, string>> = {
  "--pid": "host or container:NAME",
  "--ipc": "host, private, shareable, none or container:NAME",
  "--uts": "host",
};

function unknown(option: string, written: string): Failure {
  return refused(`${option} takes ${TAKES[option] ?? "container:NAME"}, not ${JSON.stringify(written)}`);
}

function needsRoot(written: string): Failure {
  return new Failure(`${written} needs root: without it, a container can join no namespace of others`, {
    code: "root-required",
    remedy: "leave it out, or run tinydocker as root",
  });
}

function refused(message: string, remedy = "see tinydocker run --help"): Failure {
  return new Failure(message, { code: "usage", remedy });
}

/** The ids of the containers whose namespaces one has, each once, in the order of its namespaces. */
export function joinedBy({ namespaces }: Pick<Namespaces, "namespaces">): string[] {
  return [...new Set(namespaces.flatMap(({ container }) => container ?? []))];
}

/** POSIX shared memory is a file system, which has to be that of the IPC namespace. */
export function withSharedMemory(mounts: readonly Mount[], { ipc, memory }: Sharing): Mount[] {
  return mounts.flatMap((mount) => {
    if (mount.source !== "shm" || mount.destination !== SHM) return [mount];
    if (ipc === "own") return memory === "none" ? [] : [mount];
    const shared = { destination: SHM, type: "bind", source: SHM, options: ["bind"] };
    return [ipc === "host" ? shared : { ...shared, container: ipc.container }];
  });
}

const SHM = "/dev/shm";

/** It was not asked for as a mount. */
export function isSharedMemory({ type, source, destination }: Mount): boolean {
  return type === "bind" && source === SHM && destination === SHM;
}
