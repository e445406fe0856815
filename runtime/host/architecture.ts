/** Go's name of this processor. */
export function thisArchitecture(): string {
  const names: Partial<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };
  return names[process.arch] ?? process.arch;
}

/** What every processor of that name has: the variants after it need a later one. */
const BASELINES: Partial<Record<string, string>> = { amd64: "v1", arm64: "v8" };

/** What else they are called; containerd reads these too. */
const OTHER_NAMES: Partial<Record<string, string>> = {
  x86_64: "amd64",
  "x86-64": "amd64",
  aarch64: "arm64",
  i386: "386",
};

/** How well this machine runs programs for a processor, 0 the best; infinite: not at all. As docker ranks them. */
export function rankHere(architecture: string, variant?: string): number {
  const own = thisArchitecture();
  const written = architecture.toLowerCase();
  const named = OTHER_NAMES[written] ?? written;
  if (named === own) return !variant || !BASELINES[own] || variant === BASELINES[own] ? 0 : 1;
  return own === "amd64" && named === "386" ? 2 : Number.POSITIVE_INFINITY;
}
