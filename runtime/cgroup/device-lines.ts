import type { DeviceRule } from "../spec/security/device-rules.ts";

/** How cgroup v1 takes a rule: a file of the cgroup, and what is written to it. */
export function deviceLine({ allow, type, major, minor, access }: DeviceRule): readonly [file: string, line: string] {
  const file = allow ? "devices.allow" : "devices.deny";
  return [file, type === undefined ? "a" : `${type} ${major ?? "*"}:${minor ?? "*"} ${access}`];
}
