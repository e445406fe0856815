import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { joined } from "../../cgroup/step.ts";
import { monitorsWords } from "../../events/container.ts";
import { Failure } from "../../failure.ts";
import type { LifeOptions } from "../../host/life-options.ts";
import { bootId } from "../../host/process.ts";
import { deleteLink } from "../../network/netlink/link.ts";
import { joinsPid } from "../../plan/join.ts";
import type { Plan } from "../../plan/step.ts";
import type { Life, RestartPolicy } from "../../spec/life.ts";
import { needsIdMapper } from "../../spec/namespaces.ts";
import type { ContainerSpec } from "../../spec/spec.ts";
import { healthPlan } from "./health-check.ts";
import type { Launch } from "./launch.ts";

type Stdio = readonly [number, number, number];

/**
 * Opens what a monitor of the container is given, and calls `use` with it. `tasks`: how many cgroups of version 1 it has. Throws
 * Failure for a life that it can't lead.
 */
export function withMonitor<T>(
  launch: Launch,
  life: Life,
  plan: Plan,
  tasks: number,
  use: (stdio: Stdio, options: Omit<LifeOptions, "program">) => T,
): T {
  refuseRestart(launch.spec, life.restart);
  const { places } = launch.held;
  mkdirSync(places.monitor, { recursive: true, mode: 0o700 });
  const opened = [openSync("/dev/null", "r+"), openSync(places.monitor, "r")] as const;
  const oom = openIfThere(oomFile(plan));
  try {
    const [none, directory] = opened;
    return use([none, none, none], {
      life,
      directory,
      oom,
      guarded: plan.guarded,
      movesOn: joinsPid(launch.spec.linux.namespaces),
      awaitsStarter: launch.options.attach !== undefined,
      exec: false,
      boot: bootId(),
      about: monitorsWords({ id: launch.id, name: places.name, spec: launch.spec, life }),
      ...commands(places.root, places.key, (launch.network.others ?? []).length > 0),
      // The first one is for the netlink socket, where there is one.
      othersSlot: launch.spec.network.mode === "joined" ? 1 : 0,
      health: life.health ? healthPlan(launch.spec, life.health, tasks) : new Uint8Array(),
      before: Buffer.concat(launch.network.facts.links.map(({ veth }) => deleteLink(veth))),
    });
  } finally {
    for (const fd of oom === undefined ? opened : [...opened, oom]) closeSync(fd);
  }
}

/** What is done for it by its pid, by programs of this machine, a monitor can't do again. Throws Failure. */
export function refuseRestart({ linux, network }: ContainerSpec, restart: RestartPolicy): void {
  if (restart.name === "no" || !(needsIdMapper(linux) || network.mode === "user")) return;
  throw new Failure(`a container without root is not started again by itself: --restart ${restart.name}`, {
    code: "root-required",
    remedy: "run tinydocker as root, or start it again from a loop: tinydocker wait NAME && tinydocker start NAME",
  });
}

/** It counts the processes that the kernel killed. */
function oomFile({ outside }: Plan): string | undefined {
  const cgroup = joined("memory", outside);
  return cgroup && join(cgroup.cgroup, cgroup.version === 1 ? "memory.oom_control" : "memory.events");
}

function openIfThere(path: string | undefined): number | undefined {
  try {
    return path === undefined ? undefined : openSync(path, "r");
  } catch {
    return undefined;
  }
}

/** Nobody waits for the first, and it prints nothing that anybody reads: what it can't undo, the next command reports. */
function commands(root: string, key: string, joins: boolean): Pick<LifeOptions, "command" | "others" | "environment"> {
  const { PATH = "/usr/sbin:/usr/bin:/sbin:/bin", HOME = "/" } = process.env;
  const own = [process.execPath, "--", program()];
  return {
    command: [...own, "undo", key],
    others: joins ? [...own, "joined", key] : [],
    environment: [`TINYDOCKER_ROOT=${root}`, `PATH=${PATH}`, `HOME=${HOME}`],
  };
}

/** The command line's file: beside this one where it was bundled into several. */
function program(): string {
  const here = import.meta.filename;
  const beside = join(dirname(here), here.endsWith(".ts") ? "../../dist/tinydocker.cjs" : "tinydocker.cjs");
  return existsSync(beside) ? beside : here;
}
