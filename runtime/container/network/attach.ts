import type { Failure } from "../../failure.ts";
import type { Shim } from "../../host/shim.ts";
import type { ContainerSpec } from "../../spec/spec.ts";
import type { Claim } from "../../state/claim.ts";
import { type Attached, NOTHING_OPEN } from "./attached.ts";
import { joinIfPossible } from "./join.ts";
import { hostFacts, loopbackFacts } from "./name-files.ts";
import { attachUserMode } from "./user-mode.ts";

type Warn = (warning: Failure) => void;

/** Prepares everything outside the container that its network needs. What it makes is held first. Throws Failure. */
export async function attach(
  shim: Shim,
  spec: ContainerSpec,
  claim: Claim,
  warn: Warn,
  detached = false,
): Promise<Attached> {
  switch (spec.network.mode) {
    case "none":
    case "container":
      return { facts: loopbackFacts(spec), ...NOTHING_OPEN };
    case "host":
      return { facts: hostFacts(spec), ...NOTHING_OPEN };
    case "user":
      return attachUserMode(spec);
    case "joined":
      return joinIfPossible(shim, spec, claim, warn, detached);
  }
}
