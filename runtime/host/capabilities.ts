import { readFileSync } from "node:fs";
import type { Identity } from "../spec/namespaces.ts";
import { ALL_CAPABILITIES, type Capability, capabilitiesIn } from "../spec/security/capability.ts";

/** Those that a container of this process can have: those of its bounding set, or in a new user namespace all. */
export function givenCapabilities({ sysAdmin }: Pick<Identity, "sysAdmin">): readonly Capability[] {
  if (!sysAdmin) return ALL_CAPABILITIES;
  const [, mask = "0"] = /^CapBnd:\t([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return capabilitiesIn(BigInt(`0x${mask}`));
}
