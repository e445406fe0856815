/** Go's name of this processor. */
export function thisArchitecture(): string {
  const names: Partial<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };
  return names[process.arch] ?? process.arch;
}
