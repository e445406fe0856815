import { statSync } from "node:fs";
import { hostname, release } from "node:os";
import { resolve } from "node:path";
import { Failure } from "../../failure.ts";
import { givenCapabilities } from "../../host/capabilities.ts";
import { openShim, type Shim } from "../../host/shim.ts";
import { identity } from "../../host/users/identity.ts";
import type { ImageConfig } from "../../image/config.ts";
import { leadsTo } from "../../image/leads-to.ts";
import { resolveImage } from "../../image/resolve.ts";
import { ERRNO } from "../../linux.ts";
import { isChosen } from "../../network/publish.ts";
import { isBind } from "../../plan/mounts.ts";
import type { Profile } from "../../seccomp/profile.ts";
import { type BlockDevices, throttledPaths } from "../../spec/limits/block-io.ts";
import type { Mount } from "../../spec/mounts.ts";
import { isByDefault, type NetworkRequest } from "../../spec/network.ts";
import { isBelow } from "../../spec/path.ts";
import { type Device, deviceRequest } from "../../spec/security/device.ts";
import { securityOf } from "../../spec/security/security.ts";
import { othersIn } from "../../spec/sharing.ts";
import { type Caller, type ContainerSpec, type Image, type RunRequest, specOf } from "../../spec/spec.ts";
import { resolveUser, withGroups } from "../../spec/user.ts";
import { placesOf } from "../../state/places.ts";
import { newId } from "../../state/record.ts";
import { stateRoot } from "../../state/root.ts";
import { findExisting } from "../../state/status.ts";
import { volumesDirectory } from "../../volume/store.ts";
import { findOthers } from "../running/others.ts";
import { textOf } from "../running/read-inside.ts";
import { commandOf, exposing, imageAnnotations, imageDefaults } from "./image-defaults.ts";
import { volumesFrom } from "./volumes-from.ts";

/** The first one whose overlayfs takes an upper layer inside its lower one, as with the image `host`; all else is older. */
const KERNEL_MIN = { major: 5, minor: 13 };

/** A request whose image and user are names, still to be looked up. */
export interface NamedRequest extends RunRequest {
  /** Default: host. */
  readonly image?: string | undefined;
  /** UID[:GID], numbers or the image's names. Default: root. */
  readonly user?: string | undefined;
  /** More groups of the user, numbers or the image's names. */
  readonly groups?: readonly string[] | undefined;
  /** In place of the image's; empty: none. */
  readonly entrypoint?: string | undefined;
  /** NAME[:ro] each: with what is mounted in these containers, where nothing else is. */
  readonly volumesFrom?: readonly string[] | undefined;
  /** Each port that the image or `exposed` names gets one of this machine. */
  readonly publishAll?: boolean | undefined;
  /** PORT/PROTOCOL each, besides those that the image names. */
  readonly exposed?: readonly string[] | undefined;
}

/** Looks up the names of a request and completes it. Throws Failure for what can't be run. Changes nothing. */
export async function prepare(request: NamedRequest, root = stateRoot()): Promise<ContainerSpec> {
  checkKernel(release());
  // Before anything is waited for: what the caller changes then is for its next request.
  const asking = await caller(request);
  const image = resolveImage(root, request.image ?? "host");
  const shim = await openShim();
  const read = (path: string) => readInImage(shim, image, path);
  const inherited = (request.volumesFrom ?? []).flatMap((written) => volumesFrom(resolve(root), written));
  const asked = { ...request, ...imageDefaults(request, image.config), inherited };
  const group = read("etc/group");
  const user = withGroups(resolveUser(asked.user || "0", read("etc/passwd"), group), asked.groups ?? [], group);
  const volumes = { directory: volumesDirectory(resolve(root)), newName: newId };
  const others = findOthers(resolve(root), othersIn(request, request.network?.names));
  const there = { ...asking, volumes, others, leadsTo: (path: string) => leadsTo(image.layers, path) };
  const command = commandOf(request, image.config);
  const config = exposing(image.config, request.exposed);
  const network = await withFreePorts(request, config);
  const spec = specOf({ ...asked, args: command.args, network: withDefaultNetwork(network) }, image, user, there);
  const isMade = ({ source, container }: Mount) => container !== undefined || isBelow(source, volumes.directory);
  for (const { to } of spec.network.links ?? []) findExisting(placesOf(resolve(root), to), to);
  for (const mount of spec.mounts.filter((mount) => isBind(mount) && !isMade(mount))) checkSource(mount);
  return {
    ...spec,
    process: asWritten(spec.process, command.entrypointLength, asked),
    annotations: { ...imageAnnotations(config), ...spec.annotations },
  };
}

/** With what is lost when it is looked up, for inspect and commit. */
function asWritten(
  process: ContainerSpec["process"],
  entrypointLength: number,
  { user = "", groups = [] }: NamedRequest,
): ContainerSpec["process"] {
  const names = { ...(user === "" ? {} : { asked: user }), ...(groups.length === 0 ? {} : { groups }) };
  return { ...process, user: { ...process.user, ...names }, entrypointLength };
}

/** Whether this machine's ports are chosen here, and its user has to be told. */
export function choosesPorts({ network, publishAll }: NamedRequest): boolean {
  return publishAll === true || (network?.publish ?? []).some(isChosen);
}

async function withFreePorts(
  request: NamedRequest,
  config: ImageConfig | undefined,
): Promise<NetworkRequest | undefined> {
  const { network, publishAll } = request;
  if (!choosesPorts(request)) return network;
  const { FreePorts, publishedForAll, withHostPorts } = await import("./free-ports.ts");
  const ports = new FreePorts();
  const publish = await withHostPorts(network?.publish ?? [], ports);
  return {
    ...network,
    publish: publishAll ? [...publish, ...(await publishedForAll(publish, config, ports))] : publish,
  };
}

/** `kernel`: its release, as uname(2) returns it. Throws Failure when it is too old. */
export function checkKernel(kernel: string): void {
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number);
  if (major > KERNEL_MIN.major || (major === KERNEL_MIN.major && minor >= KERNEL_MIN.minor)) return;
  throw new Failure(`tinydocker needs Linux ${KERNEL_MIN.major}.${KERNEL_MIN.minor} or newer, and this is ${kernel}`, {
    code: "kernel-too-old",
    remedy: "Debian 12, Ubuntu 22.04 and later have it",
  });
}

/** TINYDOCKER_NETWORK names the network of containers for which none is named, such as none on a machine of tests. */
function withDefaultNetwork(network: NetworkRequest = {}): NetworkRequest {
  const preset = process.env["TINYDOCKER_NETWORK"];
  return !isByDefault(network) || !preset ? network : { ...network, names: [preset] };
}

async function caller(request: NamedRequest): Promise<Caller> {
  const self = identity();
  const here = { ...self, env: ownVariables(request), cwd: currentDirectory(), hostname: hostname() };
  return { ...here, ...(await privileges(request, here)) };
}

type Privileges = Pick<Caller, "capabilities" | "devices" | "seccompProfile" | "blockDevices">;

/** What most requests do not need to know of the machine, and what takes as long as the rest of the spec. */
async function privileges(
  request: NamedRequest,
  { sysAdmin, isFirst, cwd }: Pick<Caller, "sysAdmin" | "isFirst" | "cwd">,
): Promise<Privileges> {
  const { privileged = false, capAdd = [], devices = [], limits = {} } = request;
  const { seccomp } = securityOf(request);
  const throttled = throttledPaths(limits);
  return {
    ...(privileged || capAdd.length > 0 ? { capabilities: givenCapabilities({ sysAdmin }) } : {}),
    ...(privileged || devices.length > 0
      ? { devices: await devicesOf(devices, privileged && sysAdmin && isFirst) }
      : {}),
    ...(throttled.length > 0 ? { blockDevices: await blockDevicesOf(throttled) } : {}),
    ...(typeof seccomp === "string" ? {} : { seccompProfile: await profileOf(seccomp.file, cwd) }),
  };
}

async function devicesOf(requests: readonly string[], all: boolean): Promise<Device[]> {
  const { allDevices, requestedDevices } = await import("../../host/devices.ts");
  return [...(all ? allDevices() : []), ...requestedDevices(requests.map(deviceRequest))];
}

async function blockDevicesOf(paths: readonly string[]): Promise<BlockDevices> {
  const { blockDevice } = await import("../../host/devices.ts");
  return new Map(paths.map((path) => [path, blockDevice(path)]));
}

async function profileOf(file: string, cwd: string | undefined): Promise<Profile> {
  const { readProfile } = await import("./seccomp-profile.ts");
  return readProfile(file, cwd);
}

/** Of this process's variables, those that the command can get: Node.js takes longer to copy all than to compute the spec. */
function ownVariables({ env = [] }: NamedRequest): Caller["env"] {
  const names = ["TERM", ...env.filter((entry) => !entry.includes("="))];
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

function currentDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

function checkSource({ source, destination }: Mount): void {
  try {
    statSync(source);
  } catch (error) {
    const isForbidden = error instanceof Error && "code" in error && error.code === "EACCES";
    const why = isForbidden ? "can't be reached" : "does not exist";
    throw new Failure(`the source of the mount ${source}:${destination} ${why}`, {
      code: "mount-source-missing",
      remedy: isForbidden
        ? "let your user read and enter the directories above it, or run tinydocker as root"
        : "make it first, as with mkdir -p: what is mounted is never created",
      cause: error,
    });
  }
}

/** The content of a file in the topmost layer that has it; empty if none has. No symlink leads out of the layer. */
function readInImage(shim: Shim, image: Image, path: string): string {
  for (const layer of image.layers) {
    const fd = shim.openInside(layer, path);
    // overlayfs's mark that hides the file of lower layers is a device that does not exist.
    if (fd === -ERRNO.ENXIO) return "";
    if (fd >= 0) return textOf(shim, fd);
  }
  return "";
}
