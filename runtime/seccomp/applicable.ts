import { Failure } from "../failure.ts";
import type { Circumstances, Profile, Rule, Where } from "./profile.ts";

/** As Go names them. */
const ARCHITECTURES = { x86_64: "amd64", aarch64: "arm64" } as const;

/** The rules that apply there. */
export function applicableRules({ syscalls }: Profile, there: Circumstances): Rule[] {
  return syscalls.filter(({ includes, excludes }) => isIncluded(includes, there) && !isExcluded(excludes, there));
}

function isIncluded(where: Where | undefined, there: Circumstances): boolean {
  if (!where) return true;
  const { caps = [], arches = [], minKernel } = where;
  return (
    caps.every((name) => hasCapability(there, name)) &&
    (arches.length === 0 || arches.includes(ARCHITECTURES[there.machine])) &&
    (minKernel === undefined || isKernel(there, minKernel))
  );
}

function isExcluded(where: Where | undefined, there: Circumstances): boolean {
  if (!where) return false;
  const { caps = [], arches = [], minKernel } = where;
  return (
    caps.some((name) => hasCapability(there, name)) ||
    arches.includes(ARCHITECTURES[there.machine]) ||
    (minKernel !== undefined && isKernel(there, minKernel))
  );
}

function hasCapability({ capabilities }: Circumstances, name: string): boolean {
  const names: readonly string[] = capabilities;
  return names.includes(name);
}

/** Whether it is `least`, MAJOR.MINOR, or newer. */
function isKernel({ kernel }: Circumstances, least: string): boolean {
  const [major = 0, minor = 0] = versionOf(kernel);
  const [leastMajor = 0, leastMinor = 0] = versionOf(least);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

function versionOf(release: string): number[] {
  const version = /^(\d+)\.(\d+)/.exec(release);
  if (!version) throw new Failure(`${JSON.stringify(release)} is not the version of a kernel`, { code: "internal" });
  return version.slice(1).map(Number);
}
