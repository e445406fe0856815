import { readFileSync } from "node:fs";
import { ALL_CAPABILITIES, type Capability, capabilitiesIn } from "../spec/capability.ts";

/** Those that a program has when a process of this user executes it: as root, its bounding set; else, in a user namespace, all. */
export function givenCapabilities(uid: number): readonly Capability[] {
  if (uid !== 0) return ALL_CAPABILITIES;
  const [, mask = "0"] = /^CapBnd:\t([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return capabilitiesIn(BigInt(`0x${mask}`));
}
