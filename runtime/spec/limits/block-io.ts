import { Failure } from "../../failure.ts";
import type { Device } from "../security/device.ts";
import { bytesOf } from "../size.ts";

/** `linux.resources.blockIO` of the OCI runtime-spec; rates are for each second. */
export interface BlockIO {
  readonly throttleReadBpsDevice: readonly Throttle[];
  readonly throttleWriteBpsDevice: readonly Throttle[];
  readonly throttleReadIOPSDevice: readonly Throttle[];
  readonly throttleWriteIOPSDevice: readonly Throttle[];
}

export interface Throttle extends Pick<Device, "major" | "minor"> {
  readonly rate: number;
}

/** PATH:RATE each; the path is a block device of the host. */
export interface BlockIORequest {
  readonly deviceReadBps?: readonly string[] | undefined;
  readonly deviceWriteBps?: readonly string[] | undefined;
  readonly deviceReadIops?: readonly string[] | undefined;
  readonly deviceWriteIops?: readonly string[] | undefined;
}

/** The numbers of block devices, by the path that a request has. */
export type BlockDevices = ReadonlyMap<string, Pick<Device, "major" | "minor">>;

/** Which devices the request names. Throws Failure for what is not PATH:RATE. */
export function throttledPaths({ deviceReadBps, deviceWriteBps, deviceReadIops, deviceWriteIops }: BlockIORequest) {
  const all = [deviceReadBps, deviceWriteBps, deviceReadIops, deviceWriteIops].flatMap((texts) => texts ?? []);
  return all.map((text) => split(text).path);
}

/** Completes the request. Throws Failure for a rate that is none, and for a device that is limited twice. */
export function blockIOOf(request: BlockIORequest, devices: BlockDevices): BlockIO {
  const throttles = (texts: readonly string[] | undefined, rateOf: (text: string) => number | undefined) =>
    throttlesOf(texts ?? [], devices, rateOf);
  return {
    throttleReadBpsDevice: throttles(request.deviceReadBps, bytesOf),
    throttleWriteBpsDevice: throttles(request.deviceWriteBps, bytesOf),
    throttleReadIOPSDevice: throttles(request.deviceReadIops, countOf),
    throttleWriteIOPSDevice: throttles(request.deviceWriteIops, countOf),
  };
}

function throttlesOf(
  texts: readonly string[],
  devices: BlockDevices,
  rateOf: (text: string) => number | undefined,
): Throttle[] {
  const throttles = texts.map((text): Throttle => {
    const { path, rate: written } = split(text);
    const [numbers, rate] = [devices.get(path), rateOf(written)];
    if (!numbers) throw new Failure(`the block device ${path} was not looked up`, { code: "internal" });
    if (rate === undefined || rate === 0) throw refused(text, `${JSON.stringify(written)} is not a rate`);
    return { ...numbers, rate };
  });
  for (const [i, { major, minor }] of throttles.entries())
    if (throttles.slice(0, i).some((one) => one.major === major && one.minor === minor))
      throw refused(texts[i] ?? "", "the device has a limit already");
  return throttles;
}

/** The kernel has 32 bits for them. */
const COUNT_MAX = 2 ** 32 - 1;

function countOf(text: string): number | undefined {
  return /^\d+$/.test(text) && Number(text) <= COUNT_MAX ? Number(text) : undefined;
}

function split(text: string): { path: string; rate: string } {
  const [, path, rate] = /^(\/.*):([^:]*)$/.exec(text) ?? [];
  if (path === undefined || rate === undefined || path.includes("\0")) throw refused(text, "it is not PATH:RATE");
  return { path, rate };
}

function refused(text: string, why: string): Failure {
  return new Failure(`can't limit a device to ${JSON.stringify(text)}: ${why}`, {
    code: "usage",
    remedy:
      "use the path of a block device and a rate for each second: /dev/sda:1m in bytes, /dev/sda:100 in operations",
  });
}
