import { imports, type Sources } from "./architecture.ts";

/** Modules that start processes, open connections, or make system calls that Node.js does not. */
const MACHINE = new Set([
  "node:child_process",
  "node:cluster",
  "node:dgram",
  "node:dns",
  "node:http",
  "node:http2",
  "node:https",
  "node:net",
  "node:tls",
  "koffi",
  "ssh2",
]);

/**
 * The paths of the unit tests: those that reach none of MACHINE by what they import, directly or through other files of
 * the project. They need neither root nor a tool nor a network, on any operating system. (esbuild is not in the set:
 * npm brings it for each system.)
 */
export function unitTests(sources: Sources): string[] {
  const needed = new Map<string, string[]>();
  for (const { from, to } of imports(sources).filter(({ typeOnly }) => !typeOnly)) {
    needed.set(from, [...(needed.get(from) ?? []), to]);
  }
  const visit = (path: string, from: Set<string>): Set<string> => {
    if (from.has(path)) return from;
    from.add(path);
    for (const next of needed.get(path) ?? []) visit(next, from);
    return from;
  };
  const isUnit = (path: string) => [...visit(path, new Set())].every((module) => !MACHINE.has(module));
  return [...sources.keys()].filter((path) => path.endsWith(".test.ts") && isUnit(path)).sort();
}
