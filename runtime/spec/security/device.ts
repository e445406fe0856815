import { Failure } from "../../failure.ts";
import { isBelow, normalizePath } from "../path.ts";
import { textFault } from "../text.ts";

/** As in the OCI runtime-spec's config-linux.md, "Devices"; numbers as in linux/Documentation/admin-guide/devices.txt. */
export interface Device {
  readonly path: string;
  /** Without it, "c". */
  readonly type?: "b" | "c";
  readonly major: number;
  readonly minor: number;
  /** Where it is on the host, if that is another path. */
  readonly source?: string;
  /** Some of r, w and m: to read, to write, to make a node; without it, all. */
  readonly access?: string;
  /** Of a node that is made for the container; a mounted one keeps the host's. */
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** As stat(2) and mknod(2) have it. */
export function deviceNumber({ major, minor }: Pick<Device, "major" | "minor">): number {
  return (minor & 0xff) + major * 2 ** 8 + (minor >>> 8) * 2 ** 20;
}

export function numbersOfDevice(number: number): Pick<Device, "major" | "minor"> {
  return { major: (number >>> 8) & 0xfff, minor: (number & 0xff) | ((number >>> 12) & 0xfff00) };
}

/** A device of the host, or a directory of devices, and its path in the container. */
export interface DeviceRequest {
  readonly source: string;
  readonly path: string;
  readonly access: string;
}

/** Each takes a slot of the plan, as mounts do (TD_SLOTS_MAX). */
export const DEVICES_MAX = 64;

/** HOST[:CONTAINER][:rwm], as docker's --device. Throws Failure for anything else. */
export function deviceRequest(text: string): DeviceRequest {
  const parts = text.split(":");
  const isAccess = parts.length > 1 && /^[rwm]*$/.test(parts.at(-1) ?? "");
  const access = (isAccess ? parts.pop() : undefined) ?? "rwm";
  const [source = "", path = source, ...rest] = parts;
  const fault = textFault(text);
  if (fault !== undefined) throw refused(text, `it ${fault}`);
  if (rest.length > 0) throw refused(text, "it is not HOST[:CONTAINER][:rwm]");
  for (const one of [source, path])
    if (!one.startsWith("/") || normalizePath(one) === "/")
      throw refused(text, `${JSON.stringify(one)} is not an absolute path below /`);
  if (access === "" || new Set(access).size < access.length)
    throw refused(text, "rwm is some of r, w and m, each once");
  const request = { source: normalizePath(source), path: normalizePath(path), access };
  const why = conflict(request);
  if (why !== undefined) throw refused(text, why);
  return request;
}

/** Why the container can't have the device there. */
function conflict({ source, path }: DeviceRequest): string | undefined {
  if (path === "/dev/null" && source !== path)
    return "a container's /dev/null also masks what it may not read, so it must be that device";
  const own = ["/dev/pts", "/proc", "/sys"].find((directory) => path === directory || isBelow(path, directory));
  if (own !== undefined) return `a container's own ${own} has no room for it`;
  return DEVICE_LINKS.some(([, link]) => link === path) ? `${path} of a container is a symlink` : undefined;
}

/** Throws Failure for a device whose use nothing would limit, because its rules are those of a cgroup that only root has. */
export function checkAccess(devices: readonly Device[]): void {
  const limited = devices.find(({ access }) => access !== undefined && !(access.includes("r") && access.includes("w")));
  if (limited === undefined) return;
  throw new Failure(`can't limit what ${limited.path} is used for to ${limited.access} without root`, {
    code: "root-required",
    remedy: "leave it out after the path, or run tinydocker as root",
  });
}

/** Throws Failure for two things at one place, of which only one could be seen; the same device twice is one. */
export function checkDevicePlaces(texts: readonly string[], isMounted: (path: string) => boolean): void {
  const requests = texts.map(deviceRequest);
  for (const [i, { source, path, access }] of requests.entries()) {
    const isOther = (one: DeviceRequest) => one.path === path && (one.source !== source || one.access !== access);
    if (requests.slice(i + 1).some(isOther)) throw twoAt(path, "two devices");
    if (isMounted(path)) throw twoAt(path, "a device and a mount");
  }
}

function twoAt(path: string, what: string): Failure {
  return new Failure(`${what} have the destination ${path}, and only one could be seen`, {
    code: "usage",
    remedy: "leave one of them out, or give the device another path: --device HOST:CONTAINER",
  });
}

function refused(text: string, why: string): Failure {
  return new Failure(`can't add the device ${JSON.stringify(text)}: ${why}`, {
    code: "usage",
    remedy: "use --device HOST[:CONTAINER[:rwm]] with absolute paths",
  });
}

/** The OCI runtime-spec's config-linux.md, "Default Devices". */
export const DEFAULT_DEVICES: readonly Device[] = [
  { path: "/dev/null", major: 1, minor: 3 },
  { path: "/dev/zero", major: 1, minor: 5 },
  { path: "/dev/full", major: 1, minor: 7 },
  { path: "/dev/random", major: 1, minor: 8 },
  { path: "/dev/urandom", major: 1, minor: 9 },
  { path: "/dev/tty", major: 5, minor: 0 },
];

/** The OCI runtime-spec's runtime-linux.md, "Dev symbolic links": targets and paths. */
export const DEVICE_LINKS = [
  ["pts/ptmx", "/dev/ptmx"],
  ["/proc/self/fd", "/dev/fd"],
  ["/proc/self/fd/0", "/dev/stdin"],
  ["/proc/self/fd/1", "/dev/stdout"],
  ["/proc/self/fd/2", "/dev/stderr"],
] as const;
