import { closeSync } from "node:fs";
import type { CgroupStep } from "../../cgroup/step.ts";
import { doCgroupStep } from "../../host/cgroup/cgroup.ts";
import type { Shim } from "../../host/shim.ts";
import { ERRNO } from "../../linux.ts";
import { outsideFailure } from "../failure/diagnose.ts";
import type { Observer } from "../running/container.ts";
import { observed } from "./observe.ts";

/** Descriptors of the cgroups that a process is to start in. */
interface OpenCgroups {
  cgroup?: number;
  readonly joins: number[];
}

/** How often the end of another container may remove the cgroup of all containers before one is made in it. */
const RESTARTS_MAX = 1000;

/**
 * Does what a plan has outside the container, in order, then calls `spawn` with the cgroups to start in. Throws Failure;
 * what was made by then is for the journal to undo.
 */
export function afterOutside<T>(
  { shim, observer }: { readonly shim: Shim; readonly observer: Observer | undefined },
  steps: readonly CgroupStep[],
  spawn: (cgroups: Readonly<OpenCgroups>) => T,
): T {
  const opened: OpenCgroups = { joins: [] };
  try {
    doAll(shim, steps, observer, opened);
    return spawn(opened);
  } finally {
    for (const fd of opened.joins) closeSync(fd);
    if (opened.cgroup !== undefined) closeSync(opened.cgroup);
  }
}

function doAll(shim: Shim, steps: readonly CgroupStep[], observer: Observer | undefined, opened: OpenCgroups): void {
  const skipped: string[] = [];
  let restarts = 0;
  for (let at = 0; at < steps.length; at += 1) {
    const step = steps[at];
    if (!step || skipped.some((cgroup) => isIn(step, cgroup))) continue;
    const errno = doTimed(shim, step, observer, opened);
    if (errno === 0) continue;
    if (isExcused(step, errno)) {
      if (step.op === "CGROUP_MAKE") skipped.push(step.cgroup);
      observed(() => observer?.skipped(step, errno));
    } else if (isRemoved(step, errno) && restarts < RESTARTS_MAX) {
      restarts += 1;
      at = steps.findLastIndex((one, i) => i < at && isShared(one)) - 1;
    } else throw outsideFailure(step, errno);
  }
}

/** Returns 0 or an errno. */
function doTimed(shim: Shim, step: CgroupStep, observer: Observer | undefined, opened: OpenCgroups): number {
  const begin = observer && process.hrtime.bigint();
  try {
    const fd = doCgroupStep(shim, step);
    if (fd !== undefined && step.op === "CGROUP_JOIN") keep(opened, step.version, fd);
  } catch (error) {
    if (error instanceof Error && "errno" in error) return -Number(error.errno);
    throw error;
  }
  if (begin !== undefined) observed(() => observer?.took(step, process.hrtime.bigint() - begin));
  return 0;
}

function keep(opened: OpenCgroups, version: 1 | 2, fd: number): void {
  if (version === 1) opened.joins.push(fd);
  else opened.cgroup = fd;
}

function isIn(step: CgroupStep, cgroup: string): boolean {
  return step.cgroup === cgroup || step.cgroup.startsWith(`${cgroup}/`);
}

function isExcused(step: CgroupStep, errno: number): boolean {
  return step.excusedBy !== undefined && ERRNO[step.excusedBy] === errno;
}

function isShared(step: CgroupStep): boolean {
  return step.op === "CGROUP_MAKE" && step.shared;
}

/** The cgroup of all containers was removed by the end of the last one in it. */
function isRemoved(step: CgroupStep, errno: number): boolean {
  const needsIt =
    step.op === "CGROUP_MAKE" ? !step.shared : step.op === "CGROUP_WRITE" && step.reason === "cgroupEnable";
  return needsIt && (errno === ERRNO.ENOENT || errno === ERRNO.ENODEV);
}
