import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { hostname } from "node:os";
import { basename } from "node:path";
import { Failure } from "../../failure.ts";
import type { TargetFacts } from "../../targets/target.ts";

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

/** Why a mirror inside of the project is refused: it would be sent into itself, and each round would begin the next. */
export function insideProject(root: string, mirror: string, { boot }: Pick<TargetFacts, "boot">): Failure | undefined {
  if (boot !== bootHere() || !existsSync(root)) return undefined;
  if (![root, realpathSync(root)].some((folder) => mirror.startsWith(folder.replace(/\/*$/, "/")))) return undefined;
  return new Failure(`the mirror ${mirror} would be inside of the project ${root}, and be sent into itself`, {
    code: "mirror-invalid",
    remedy: "name a folder elsewhere in the configuration: `mirror` of the target",
    exitCode: 2,
  });
}

/** boot_id of this machine, where it is Linux. */
export function bootHere(): string | undefined {
  const file = "/proc/sys/kernel/random/boot_id";
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
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
