import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { basename } from "node:path";
import type { TargetFacts } from "../targets/target.ts";

/**
 * Where a project is stored on a target: the same path in every session, another one for each project and machine.
 * `folder`: where the target's settings want mirrors to be, absolute or below ~.
 */
export function mirrorPath(
  { home, cache }: Pick<TargetFacts, "home" | "cache">,
  folder: string | undefined,
  root: string,
  machine = hostname(),
): string {
  const digest = createHash("sha256").update(`${machine}\0${root}`).digest("hex").slice(0, 8);
  const name = basename(root).replace(/[^A-Za-z0-9._-]/g, "_") || "project";
  const mirrors = folder === undefined ? `${cache}/mirrors` : folder.replace(/^~(?=\/)/, () => home);
  return `${mirrors.replace(/\/+$/, "")}/${name}-${digest}`;
}
