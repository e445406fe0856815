import { posix } from "node:path";
import type { Files } from "./detected.ts";

/** A package.json. */
export type Manifest = Readonly<Record<string, unknown>>;

/** The folders of a workspace's packages, as npm's and yarn's manifest or pnpm's file lists them. */
export async function workspaceFolders({ text, names }: Files, { workspaces }: Manifest): Promise<string[]> {
  const { packages = workspaces } = Object(workspaces) as { readonly packages?: unknown };
  const pnpm = (await text("pnpm-workspace.yaml")) ?? "";
  const listed = /^packages:[ \t]*\n((?:[ \t]*(?:-.*|#.*)?\n)*)/m.exec(`${pnpm}\n`)?.[1] ?? "";
  const patterns = [...(Array.isArray(packages) ? packages.map(String) : []), ...(listed.match(LISTED) ?? [])];
  const folders = patterns.map(async (pattern) => {
    if (!/\/\*{1,2}$/.test(pattern)) return [posix.normalize(pattern)];
    const parent = posix.dirname(pattern);
    return (await names(parent)).map((name) => posix.join(parent, name));
  });
  return [...new Set((await Promise.all(folders)).flat())];
}

/** What stands behind a dash. */
const LISTED = /(?<=^[ \t]*-[ \t]+["']?)[^\s"'#]+/gm;
