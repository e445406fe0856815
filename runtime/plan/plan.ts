import { Failure } from "../failure.ts";
import { CLONE, MS, SIGNAL } from "../linux.ts";
import type { Namespace } from "../spec/namespaces.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import type { HostFacts } from "./host-facts.ts";
import { bindSource, bindTarget, isBind, mountFileSystem } from "./mounts.ts";
import {
  deviceLinks,
  deviceSource,
  deviceTarget,
  maskHost,
  ownTerminals,
  protectPaths,
  showsHostDevices,
  workingDirectory,
} from "./paths.ts";
import { machineSteps, processSteps } from "./process.ts";
import { rootOf, rootSteps } from "./root.ts";
import type { Plan, Step } from "./step.ts";

const OLD_ROOT_SLOT = 0;
const FIRST_SLOT = 1;

/** Every step from the new namespaces to the command, in order. Pure. */
export function planOf(spec: ContainerSpec, host: HostFacts): Plan {
  const { devices, namespaces } = spec.linux;
  const binds = spec.mounts.filter(isBind);
  const deviceSlot = FIRST_SLOT + binds.length;
  return {
    namespaces: namespaces.reduce((flags, namespace) => flags | newNamespace(namespace), 0),
    steps: [
      { op: "PDEATHSIG", signal: SIGNAL.SIGKILL, reason: "dieWithParent" },
      privateMounts(),
      ...rootSteps(spec, host),
      ...binds.flatMap((mount, i) => bindSource(mount, FIRST_SLOT + i)),
      ...devices.flatMap((device, i) => deviceSource(device, deviceSlot + i)),
      { op: "PIVOT_ROOT", slot: OLD_ROOT_SLOT, path: rootOf(spec, host), reason: "pivot" },
      // The host's /proc and /sys must still be visible: without root the kernel mounts new ones only then.
      ...spec.mounts.flatMap((mount) =>
        isBind(mount)
          ? bindTarget(mount, FIRST_SLOT + binds.indexOf(mount), host)
          : mountFileSystem(mount, spec.linux, host),
      ),
      { op: "DETACH", slot: OLD_ROOT_SLOT, reason: "detach" },
      ...devices.flatMap((device, i) => deviceTarget(device, deviceSlot + i)),
      ...(showsHostDevices(spec) ? ownTerminals(deviceSlot + devices.length) : deviceLinks()),
      ...workingDirectory(spec),
      ...protectPaths(spec),
      ...maskHost(spec, host),
      ...machineSteps(spec),
      ...processSteps(spec, host),
      exec(spec),
    ],
  };
}

const CLONE_NEW: Readonly<Record<Namespace["type"], number>> = {
  mount: CLONE.CLONE_NEWNS,
  cgroup: CLONE.CLONE_NEWCGROUP,
  uts: CLONE.CLONE_NEWUTS,
  ipc: CLONE.CLONE_NEWIPC,
  user: CLONE.CLONE_NEWUSER,
  pid: CLONE.CLONE_NEWPID,
  network: CLONE.CLONE_NEWNET,
};

function newNamespace({ type, path }: Namespace): number {
  if (path === undefined) return CLONE_NEW[type];
  throw new Failure(`can't join the ${type} namespace ${path}: tinydocker only makes new ones`, {
    code: "usage",
  });
}

function privateMounts(): Step {
  return {
    op: "MOUNT",
    flags: MS.MS_REC | MS.MS_PRIVATE,
    source: "",
    target: "/",
    type: "",
    data: "",
    reason: "private",
  };
}

function exec({ process: { args, env } }: ContainerSpec): Step {
  const search = env.findLast((entry) => entry.startsWith("PATH="))?.slice("PATH=".length) ?? "";
  return { op: "EXEC", args, env, search, reason: "exec" };
}
