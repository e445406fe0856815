import type { Device } from "./device.ts";

/** `linux.resources.devices` of the OCI runtime-spec: a later rule counts more. What is absent is any. */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type?: "b" | "c";
  readonly major?: number;
  readonly minor?: number;
  /** Some of r, w and m: to read, to write, to make a node. */
  readonly access: string;
}

/** docker's: nodes of any kind can be made, and used of these, of terminals, and of those that the container is given. */
export function deviceRules(devices: readonly Device[], all: boolean): DeviceRule[] {
  if (all) return [{ allow: true, access: "rwm" }];
  return [
    { allow: false, access: "rwm" },
    { allow: true, type: "c", access: "m" },
    { allow: true, type: "b", access: "m" },
    ...TERMINALS,
    ...devices.map(({ type = "c", major, minor, access = "rwm" }): DeviceRule => {
      return { allow: true, type, major, minor, access };
    }),
  ];
}

/** /dev/ptmx, and those in /dev/pts. */
const TERMINALS: readonly DeviceRule[] = [
  { allow: true, type: "c", major: 5, minor: 2, access: "rwm" },
  { allow: true, type: "c", major: 136, access: "rwm" },
];
