import { Failure } from "../failure.ts";
import type { Profile } from "../seccomp/profile.ts";
import { environmentOf } from "./environment.ts";
import { domainOf, hostnameOf, type NameRequest } from "./hostname.ts";
import type { BlockDevices } from "./limits/block-io.ts";
import { checkInit, type LimitRequest, oomScoreOf, type Resources, resourcesOf } from "./limits/resources.ts";
import { type Rlimit, ulimitsOf } from "./limits/ulimits.ts";
import { type LeadsTo, type MountRequests, mountsOf } from "./mount-requests/arrange.ts";
import type { VolumesPlace } from "./mount-requests/named-volume.ts";
import type { Mount } from "./mounts.ts";
import { checkedName } from "./name.ts";
import {
  hasUserNamespace,
  type Identity,
  type Ids,
  idsIn,
  isMapped,
  type Namespaces,
  namespacesFor,
} from "./namespaces.ts";
import { type NetworkSpec, networkOf } from "./network.ts";
import { normalizePath } from "./path.ts";
import { type Capability, capabilitiesFor } from "./security/capability.ts";
import { checkAccess, checkDevicePlaces, DEFAULT_DEVICES, type Device } from "./security/device.ts";
import { deviceRules } from "./security/device-rules.ts";
import { privilegedMounts } from "./security/privileged.ts";
import { MASKED_PATHS, READONLY_PATHS } from "./security/protected-paths.ts";
import { type Security, type SecurityRequest, securityOf } from "./security/security.ts";
import { sysctlsOf } from "./security/sysctl.ts";
import { type Others, type SharingRequest, sharingOf, withSharedMemory } from "./sharing.ts";
import { textFault } from "./text.ts";
import type { User } from "./user.ts";

/** What to run, in the terms of the OCI runtime-spec's config.json: complete, checked, and the same on any machine. */
export interface ContainerSpec {
  readonly name: string;
  readonly hostname: string;
  /** Of its UTS namespace, and behind its host name in its hosts file. */
  readonly domainname?: string;
  /** Layers are absolute directories, the topmost first, as overlayfs's lowerdir lists them. */
  readonly root: { readonly layers: readonly string[]; readonly readonly: boolean };
  readonly mounts: readonly Mount[];
  readonly network: NetworkSpec;
  readonly process: {
    /** It gets its own terminal, copied to and from the caller's. */
    readonly terminal: boolean;
    readonly user: {
      readonly uid: number;
      readonly gid: number;
      readonly additionalGids: readonly number[];
      /** As it was written; without it, by its numbers. */
      readonly asked?: string;
      /** More groups, as they were written. */
      readonly groups?: readonly string[];
    };
    readonly args: readonly string[];
    /** How many of these are the entrypoint. */
    readonly entrypointLength?: number;
    /** KEY=VALUE each. */
    readonly env: readonly string[];
    readonly cwd: string;
    readonly umask: number;
    /** Without it, true: no program gains rights by being executed, such as by its setuid bit. */
    readonly noNewPrivileges?: boolean;
    /** The command is not pid 1, but the child of a small process that passes signals on and reaps. */
    readonly init?: boolean;
    /** The inheritable and the ambient set are empty. */
    readonly capabilities: {
      readonly bounding: readonly Capability[];
      readonly effective: readonly Capability[];
      readonly permitted: readonly Capability[];
    };
    readonly rlimits: readonly Rlimit[];
    /** From -1000 to 1000; absent: the caller's. */
    readonly oomScoreAdj?: number;
  };
  readonly annotations: Readonly<Record<string, string>>;
  readonly linux: Namespaces & {
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
    readonly devices: readonly Device[];
    readonly resources: Resources;
    /** Settings of the container's own namespaces, by name. */
    readonly sysctl?: Readonly<Record<string, string>>;
    /** Without it, docker's default rules. */
    readonly seccomp?: Profile | "unconfined";
    /** Other containers may join its IPC namespace. */
    readonly shareableIpc?: true;
  };
}

/** The annotation that names the image, for messages: the OCI image-spec's annotations.md. */
export const IMAGE_NAME = "org.opencontainers.image.ref.name";
/** Ours, of what that name was then: the digest of its configuration. */
export const IMAGE_ID = "tinydocker.image.id";

/** What a caller asks for; every field but the first two may be left out. */
export interface RunRequest extends NameRequest, MountRequests, SecurityRequest, SharingRequest {
  /** The command and its arguments. */
  readonly args: readonly string[];
  /** KEY=VALUE, or KEY to pass the caller's value on. */
  readonly env?: readonly string[] | undefined;
  readonly cwd?: string | undefined;
  /** A small first process starts the command, passes signals on to it, and reaps. */
  readonly init?: boolean | undefined;
  readonly readonly?: boolean | undefined;
  readonly terminal?: boolean | undefined;
  readonly limits?: LimitRequest | undefined;
}

/** A stack of read-only layers a container's root is built on. */
export interface Image {
  readonly name: string;
  /** Of one in layers. */
  readonly id?: string;
  /** Absolute directories, the topmost first, as overlayfs's lowerdir lists them. */
  readonly layers: readonly string[];
}

/** The process that makes the request. */
export interface Caller extends Identity {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined when it does not exist any more. */
  readonly cwd: string | undefined;
  /** Without it, the image has no links. */
  readonly leadsTo?: LeadsTo;
  /** Without it, there are none. */
  readonly volumes?: VolumesPlace;
  /** Those that the request names. */
  readonly others?: Others;
  /** The machine's, where the request asks for that. */
  readonly hostname?: string;
  /** Those it can give to a container; without it, all. */
  readonly capabilities?: readonly Capability[];
  /** The rules in the file that the request names, if it names one. */
  readonly seccompProfile?: Profile;
  /** Those whose rates are to be limited. */
  readonly blockDevices?: BlockDevices;
  /** The devices that the request names, or all of the host. */
  readonly devices?: readonly Device[];
}

/** A login's usual limit; Node raises its own to the hard limit, and some programs loop over all descriptors. */
const OPEN_FILES = 1024;

/** Completes and checks the request. Touches nothing. Throws Failure (exit 125) for what can't be run. */
export function specOf(request: RunRequest, image: Image, user: User, caller: Caller): ContainerSpec {
  const name = checkedName("container", request.name);
  const terminal = request.terminal ?? false;
  const network = networkOf(request.network ?? {}, caller);
  const sharing = sharingOf(request, request.network?.names?.[0], caller);
  const hostname = hostnameOf(request, sharing, caller);
  const namespaces = namespacesFor(caller, sharing);
  const ids = idsIn(namespaces, caller);
  const asked = withSharedMemory(mountsOf(request, ids, caller.cwd, caller.leadsTo, caller.volumes), sharing);
  const mounts =
    request.privileged === true ? privilegedMounts(asked, caller.isFirst && !hasUserNamespace(namespaces)) : asked;
  const security = securityOf(request);
  const bounding = capabilitiesFor(request, caller.capabilities);
  const held = user.uid === 0 ? bounding : [];
  const isUncovered = (path: string) => !mounts.some(({ destination }) => destination === path);
  checkDevicePlaces(request.devices ?? [], (path) => !isUncovered(path));
  const devices = devicesFor(caller.devices).filter(({ path }) => isUncovered(path));
  if (hasUserNamespace(namespaces)) checkAccess(devices);
  const rules = hasUserNamespace(namespaces) ? [] : deviceRules(devices, request.privileged === true);
  const limits = request.limits ?? {};
  const rlimits = ulimitsOf(limits.ulimits ?? [], [{ type: "RLIMIT_NOFILE", soft: OPEN_FILES }]);
  const resources = resourcesOf(limits, caller.blockDevices);
  if (request.init) checkInit(resources, rlimits);
  return {
    name,
    hostname,
    ...domainOf(request, sharing),
    root: { layers: image.layers, readonly: request.readonly ?? false },
    mounts,
    network,
    process: {
      terminal,
      user: checkedUser(user, ids),
      args: checkedArguments(request.args),
      env: environmentOf({ hostname, home: user.home, terminal }, request.env ?? [], caller.env),
      cwd: checkedDirectory(request.cwd || "/"),
      umask: 0o022,
      ...(security.noNewPrivileges ? {} : { noNewPrivileges: false }),
      ...(request.init ? { init: true } : {}),
      capabilities: { bounding, effective: held, permitted: held },
      rlimits,
      ...oomScoreOf(limits),
    },
    annotations: { [IMAGE_NAME]: image.name, ...(image.id === undefined ? {} : { [IMAGE_ID]: image.id }) },
    linux: {
      ...namespaces,
      maskedPaths: security.protectedPaths ? MASKED_PATHS.filter(isUncovered) : [],
      readonlyPaths: security.protectedPaths ? READONLY_PATHS : [],
      devices,
      resources: { ...resources, devices: rules },
      ...sysctlOf(request, namespaces),
      ...seccompOf(security, caller),
      ...(sharing.memory === "shareable" ? { shareableIpc: true as const } : {}),
    },
  };
}

/** For messages. */
export function imageName(spec: ContainerSpec): string {
  return spec.annotations[IMAGE_NAME] ?? spec.root.layers.join(":");
}

/** As docker writes it: as it was asked for; empty: root, because nobody asked. */
export function userText({ asked, uid, gid }: ContainerSpec["process"]["user"]): string {
  return asked ?? (uid === 0 && gid === 0 ? "" : `${uid}:${gid}`);
}

export function checkedUser(
  { uid, gid, additionalGids, addedGids = [] }: User,
  { uids, gids, setgroups }: Ids,
): ContainerSpec["process"]["user"] {
  if (!isMapped(uids, uid)) throw notMapped("user", uid);
  if (!isMapped(gids, gid)) throw notMapped("group", gid);
  const missing = addedGids.find((id) => !setgroups || !isMapped(gids, id));
  if (missing !== undefined) throw notMapped("group", missing);
  return { uid, gid, additionalGids: setgroups ? additionalGids.filter((id) => isMapped(gids, id)) : [] };
}

/** A later one of the same path takes the place of an earlier one. */
function devicesFor(added: readonly Device[] = []): Device[] {
  return [...new Map([...DEFAULT_DEVICES, ...added].map((device) => [device.path, device])).values()];
}

function sysctlOf({ sysctls = [] }: RunRequest, linux: Namespaces): Pick<ContainerSpec["linux"], "sysctl"> {
  return sysctls.length === 0 ? {} : { sysctl: sysctlsOf(sysctls, linux) };
}

function seccompOf({ seccomp }: Security, { seccompProfile }: Caller): Pick<ContainerSpec["linux"], "seccomp"> {
  if (seccomp === "builtin") return {};
  if (seccomp === "unconfined") return { seccomp };
  if (seccompProfile) return { seccomp: seccompProfile };
  throw new Failure(`the seccomp profile ${seccomp.file} was not read`, { code: "internal" });
}

export function checkedArguments(args: readonly string[]): readonly string[] {
  if (args.length === 0)
    throw new Failure("there is no command to run", { code: "usage", remedy: "give one: the image names none" });
  for (const argument of args) {
    const fault = textFault(argument);
    if (fault !== undefined) throw new Failure(`an argument of the command ${fault}`, { code: "usage" });
  }
  return args;
}

export function checkedDirectory(path: string): string {
  const fault = path.startsWith("/") ? textFault(path) : "is not an absolute path";
  if (fault === undefined) return normalizePath(path);
  throw new Failure(`the working directory ${JSON.stringify(path)} ${fault}`, {
    code: "usage",
    remedy: "-w takes an absolute path in the container",
  });
}

function notMapped(kind: "user" | "group", id: number): Failure {
  return new Failure(`there is no ${kind} ${id} in the container: its user namespace has only some of the machine's`, {
    code: "root-required",
    remedy: "use -u 0, or run tinydocker as root",
  });
}
