import { Failure } from "../../failure.ts";
import { CAP } from "../../linux.ts";
import { didYouMean } from "../nearest.ts";

export type Capability = keyof typeof CAP;

export function isCapability(value: unknown): value is Capability {
  return typeof value === "string" && Object.hasOwn(CAP, value);
}

/** docker's and containerd's default set. */
export const DEFAULT_CAPABILITIES: readonly Capability[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
  "CAP_AUDIT_WRITE",
];

export const ALL_CAPABILITIES: readonly Capability[] = Object.keys(CAP).filter(isCapability);

/** As in /proc/PID/status: bit n is capability n. */
export function capabilityMask(capabilities: readonly Capability[]): bigint {
  return capabilities.reduce((mask, name) => mask | (1n << BigInt(CAP[name])), 0n);
}

export function capabilitiesIn(mask: bigint): Capability[] {
  return ALL_CAPABILITIES.filter((name) => (mask >> BigInt(CAP[name])) & 1n);
}

/** Names with or without CAP_, in any case, or ALL. */
export interface CapabilityRequest {
  readonly capAdd?: readonly string[] | undefined;
  readonly capDrop?: readonly string[] | undefined;
  /** Begin with all instead of docker's default set. */
  readonly privileged?: boolean | undefined;
}

/**
 * The capabilities of a container, as docker computes them: one that is both added and dropped is added, but `--cap-add ALL`
 * adds only what is not dropped. `held` are those that this process can give. Throws Failure for an unknown one, and for one
 * that is added and not held.
 */
export function capabilitiesFor(request: CapabilityRequest, held = ALL_CAPABILITIES): Capability[] {
  const [added, dropped] = [namesOf("--cap-add", request.capAdd), namesOf("--cap-drop", request.capDrop)];
  const named = added.filter(isCapability);
  const missing = named.find((name) => !held.includes(name));
  if (missing !== undefined) throw notHeld(missing);
  if (added.includes("ALL")) return held.filter((name) => !dropped.includes(name));
  const start = request.privileged === true ? held : DEFAULT_CAPABILITIES;
  const kept = dropped.includes("ALL") ? [] : start.filter((name) => !dropped.includes(name));
  return [...new Set([...kept, ...named])];
}

function namesOf(option: string, names: readonly string[] = []): readonly (Capability | "ALL")[] {
  return names.map((written) => {
    const name = written.toUpperCase();
    if (name === "ALL") return "ALL";
    const full = name.startsWith("CAP_") ? name : `CAP_${name}`;
    if (isCapability(full)) return full;
    throw new Failure(`${option} ${JSON.stringify(written)}: there is no such capability`, {
      code: "usage",
      remedy: didYouMean(full, ALL_CAPABILITIES) ?? "see capabilities(7) for their names, or use ALL",
    });
  });
}

function notHeld(name: Capability): Failure {
  return new Failure(`can't add ${name}, because tinydocker itself does not have it here`, {
    code: "root-required",
    remedy: "run tinydocker where root has it, such as outside of other containers",
  });
}
