import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename } from "node:path";
import type { TargetFacts } from "../targets/target.ts";

export interface MirrorPlace {
  readonly facts: Pick<TargetFacts, "home" | "cache">;
  /** The target's name. */
  readonly target: string;
  /** Where its settings want mirrors to be, absolute or below ~: perhaps on a disk that it shares with other targets. */
  readonly folder: string | undefined;
}

/** Where a project is stored on a target: the same path in every session, another one for each project and machine. */
export function mirrorPath(
  { facts: { home, cache }, target, folder }: MirrorPlace,
  root: string,
  machine = thisMachine(),
): string {
  const who = folder === undefined ? [machine, root] : [machine, root, target];
  const mirrors = folder === undefined ? `${cache}/mirrors` : folder.replace(/^~(?=\/)/, () => home);
  return `${mirrors.replace(/\/+$/, "")}/${folderName(root, who)}`;
}

/** A name for what is kept of a project: its folder's, told from others of that name by `who`. */
export function folderName(root: string, who: readonly string[]): string {
  const digest = createHash("sha256").update(who.join("\0")).digest("hex").slice(0, 8);
  return `${basename(root).replace(/[^A-Za-z0-9._-]/g, "_") || "project"}-${digest}`;
}

/** Many machines are called localhost, and have a project in /root/app. */
function thisMachine(): string {
  const file = "/etc/machine-id";
  return `${hostname()} ${existsSync(file) ? readFileSync(file, "utf8").trim() : ""}`.trim();
}
