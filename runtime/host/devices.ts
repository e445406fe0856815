import { type Dirent, lstatSync, readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { DEVICES_MAX, type Device, type DeviceRequest, numbersOfDevice } from "../spec/security/device.ts";
import { errnoText } from "./errno.ts";

/** Each is a device of the host, or a directory of devices. Throws Failure for one that is neither, and for too many. */
export function requestedDevices(requests: readonly DeviceRequest[]): Device[] {
  const devices = requests.flatMap(devicesAt);
  if (devices.length <= DEVICES_MAX) return devices;
  throw new Failure(`a container gets at most ${DEVICES_MAX} devices by --device, not ${devices.length}`, {
    code: "usage",
    remedy: "use --privileged for all of the machine, or a directory with fewer",
  });
}

function devicesAt({ source, path, access }: DeviceRequest): Device[] {
  const stats = statsOf(source);
  const found = stats.isDirectory() ? devicesBelow(source) : deviceOf(stats, source);
  if (found.length === 0) throw missing(source, "it is not a device");
  return found.map(({ path: at, type, major, minor }) => {
    const inside = `${path}${at.slice(source.length)}`;
    return { path: inside, type, major, minor, access, ...(inside === at ? {} : { source: at }) };
  });
}

/** The numbers of a block device. Throws Failure when it is none. */
export function blockDevice(path: string): Pick<Device, "major" | "minor"> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isBlockDevice()) return numbersOfDevice(stats.rdev);
  throw new Failure(`can't limit the rate of ${path}: it ${stats ? "is no block device" : "does not exist"}`, {
    code: "device-missing",
    remedy: "lsblk -p shows this machine's block devices",
  });
}

function statsOf(source: string): Stats {
  try {
    return statSync(source);
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    throw missing(source, errnoText(-(errno ?? 0)));
  }
}

/** Everything of the host's /dev that is not the container's own anyway. */
export function allDevices(): Device[] {
  return devicesBelow("/dev").filter(({ path }) => !OWN.test(path));
}

const OWN = /^\/dev\/(pts|shm|mqueue|fd)\/|^\/dev\/(console|ptmx)$/;

type Found = Required<Omit<Device, "source" | "access">>;

/** Symlinks are not followed, as by docker. What can't be read, or was removed meanwhile, has none. */
function devicesBelow(directory: string): Found[] {
  return entriesOf(directory).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return devicesBelow(path);
    const stats = entry.isFile() ? undefined : lstatSync(path, { throwIfNoEntry: false });
    return stats ? deviceOf(stats, path) : [];
  });
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

function deviceOf(stats: Stats, path: string): Found[] {
  const type = stats.isCharacterDevice() ? "c" : stats.isBlockDevice() ? "b" : undefined;
  if (type === undefined) return [];
  const { rdev, mode, uid, gid } = stats;
  return [{ path, type, ...numbersOfDevice(rdev), fileMode: mode & 0o7777, uid, gid }];
}

function missing(source: string, why: string): Failure {
  return new Failure(`can't add the device ${source}: ${why}`, {
    code: "device-missing",
    remedy: "use --device with the path of a character or block device of this machine, or a directory of some",
  });
}
