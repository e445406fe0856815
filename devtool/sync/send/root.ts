import { type BigIntStats, lstatSync } from "node:fs";
import { Failure } from "../../failure.ts";
import type { Entry } from "../wire/entry.ts";
import { describe, type LocalProject, reason } from "./local.ts";

/** The project's own directory. Detects a project that is moved or unmounted meanwhile, which would seem to lose its files one by one. */
export function rootEntry(request: LocalProject): { entry: Entry; checkStillThere: () => void } {
  const stat = rootStat(request.root);
  const entry = describe(request, "", ".", stat);
  if (entry === undefined) throw noProject(`the project ${request.root} is not a directory`);
  const checkStillThere = () => {
    const now = rootStat(request.root);
    if (now.ino !== stat.ino || now.dev !== stat.dev) throw noProject(`the project ${request.root} was replaced`);
  };
  return { entry, checkStillThere };
}

function rootStat(root: string): BigIntStats {
  let stat: BigIntStats;
  try {
    stat = lstatSync(`${root}/.`, { bigint: true });
  } catch (error) {
    throw noProject(`the project ${root} can't be read: ${reason(error)}`, error);
  }
  if (!stat.isDirectory()) throw noProject(`the project ${root} is not a directory`);
  return stat;
}

export function refuseEmpty(root: string, unreadable: readonly string[], entries: readonly Entry[]): void {
  if (entries.length > 0) return;
  throw noProject(unreadable.length > 0 ? `${root} can't be read: ${unreadable[0]}` : `${root} has nothing to sync`);
}

function noProject(message: string, cause?: unknown): Failure {
  return new Failure(`${message}; its mirror is left unchanged`, {
    code: "project-unreadable",
    remedy: "check the project's folder, its `sync` patterns, and what git ignores",
    exitCode: 2,
    cause,
  });
}
