import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CLONE, MS, SIGNAL } from "../../runtime/linux.ts";
import { encodePlan } from "../../runtime/plan/codec.ts";
import type { Step } from "../../runtime/plan/step.ts";
import { busyboxRootfs } from "../rig/tinydocker.ts";

/** What the plans below need. */
export const NAMESPACES = CLONE.CLONE_NEWNS | CLONE.CLONE_NEWPID;
const ROOT_SLOT = 100;
const OLD_ROOT_SLOT = 101;

/** A directory that plans can use as a root: busybox, and mount points for what they mount. */
export async function plainRoot(directory: string): Promise<string> {
  const root = await busyboxRootfs(directory);
  for (const name of ["dev", "dev/pts", "proc", "mnt"]) await mkdir(join(root, name));
  await writeFile(join(root, "dev/console"), "");
  return root;
}

export interface PlanOptions {
  readonly root: string;
  readonly args: readonly string[];
  readonly terminal?: boolean;
  /** The rest is done by a process that the first one clones; not in a new pid namespace. */
  readonly clones?: boolean;
  /** Run inside the root, before the command. */
  readonly more?: readonly Step[];
}

/** A plan with little policy: it needs root, and shares its root directory with others of its kind. */
export function plainPlan({ root, args, terminal = false, clones = false, more = [] }: PlanOptions): Uint8Array {
  const steps: Step[] = [
    { op: "PDEATHSIG", signal: SIGNAL.SIGKILL, reason: "dieWithParent" },
    ...(clones ? [{ op: "CLONE", slot: OLD_ROOT_SLOT, reason: "joinPid" } as const] : []),
    { op: "MOUNT", flags: MS.MS_REC | MS.MS_PRIVATE, source: "", target: "/", type: "", data: "", reason: "private" },
    { op: "OPEN_TREE", slot: ROOT_SLOT, flags: 0, device: 0, path: root, reason: "rootBind" },
    { op: "MOVE_MOUNT", slot: ROOT_SLOT, path: root, reason: "rootBind" },
    { op: "PIVOT_ROOT", slot: OLD_ROOT_SLOT, path: root, reason: "pivot" },
    { op: "DETACH", slot: OLD_ROOT_SLOT, reason: "detach" },
    mount("proc", "/proc", "", "proc"),
    mount("devpts", "/dev/pts", "newinstance,ptmxmode=0666", "devpts"),
    { op: "SETSID", reason: "session" },
    ...(terminal ? [{ op: "TERMINAL", uid: 0, console: 1, reason: "terminal" } as const] : []),
    ...more,
    { op: "CLOSE_ON_EXEC", reason: "descriptors" },
    { op: "EXEC", args, env: ["PATH=/bin"], search: "/bin", reason: "exec" },
  ];
  return encodePlan(steps, false);
}

function mount(type: string, target: string, data: string, reason: Step["reason"]): Step {
  return { op: "MOUNT", flags: 0, source: type, target, type, data, reason };
}
