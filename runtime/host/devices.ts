import { lstatSync, readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { DEVICES_MAX, type Device, type DeviceRequest, numbersOfDevice } from "../spec/device.ts";

/** A device of the host, or all below a directory. Throws Failure when there is none. */
export function requestedDevices({ source, path }: DeviceRequest): Device[] {
  const stats = statSync(source, { throwIfNoEntry: false });
  const found = stats?.isDirectory() ? devicesBelow(source) : stats ? deviceOf(stats, source) : [];
  if (found.length === 0) throw missing(source, stats ? "is not a device" : "does not exist");
  if (found.length > DEVICES_MAX)
    throw missing(source, `has ${found.length} devices, and a container gets at most ${DEVICES_MAX}`);
  return found.map(({ path: at, type, major, minor }) => {
    const inside = `${path}${at.slice(source.length)}`;
    return { path: inside, type, major, minor, ...(inside === at ? {} : { source: at }) };
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

/** Everything of the host's /dev that is not the container's own anyway. */
export function allDevices(): Device[] {
  return devicesBelow("/dev").filter(({ path }) => !OWN.test(path));
}

const OWN = /^\/dev\/(pts|shm|mqueue|fd)\/|^\/dev\/(console|ptmx)$/;

type Found = Required<Omit<Device, "source">>;

/** Symlinks are not followed, as by docker. */
function devicesBelow(directory: string): Found[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return devicesBelow(path);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats ? deviceOf(stats, path) : [];
  });
}

function deviceOf(stats: Stats, path: string): Found[] {
  const type = stats.isCharacterDevice() ? "c" : stats.isBlockDevice() ? "b" : undefined;
  if (type === undefined) return [];
  const { rdev, mode, uid, gid } = stats;
  return [{ path, type, ...numbersOfDevice(rdev), fileMode: mode & 0o7777, uid, gid }];
}

function missing(source: string, why: string): Failure {
  return new Failure(`can't add the device ${source}: it ${why}`, {
    code: "device-missing",
    remedy: "use --device with the path of a character or block device of this machine, or a directory of some",
  });
}
