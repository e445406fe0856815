import { readFileSync } from "node:fs";
import { availableParallelism, hostname, machine, release, totalmem } from "node:os";
import { isPausedNow } from "../container/pause.ts";
import { mountedHierarchies } from "../host/cgroup/mounts.ts";
import { isFirstUserNamespace } from "../host/users/identity.ts";
import { allImages } from "../image/listing.ts";
import { findEach } from "../state/containers.ts";
import type { Struct } from "../template/value.ts";

/** This machine and what is here, as `docker info` shows it. */
export async function inspectedMachine(root: string, version: string): Promise<Struct> {
  const found = findEach(root, () => {});
  const running = found.filter(({ status }) => status.state === "running" || status.state === "restarting");
  const paused = running.filter((one) => isPausedNow(root, one)).length;
  return {
    Containers: found.length,
    ContainersRunning: running.length - paused,
    ContainersPaused: paused,
    ContainersStopped: found.length - running.length,
    Images: (await allImages(root)).filter(({ host }) => !host).length,
    Driver: "overlay2",
    LoggingDriver: "local",
    CgroupVersion: cgroupVersion(),
    KernelVersion: release(),
    OperatingSystem: operatingSystem(),
    OSType: "linux",
    Architecture: machine(),
    NCPU: availableParallelism(),
    MemTotal: totalmem(),
    DockerRootDir: root,
    Name: hostname(),
    ServerVersion: version,
    DefaultRuntime: "tinydocker",
    Runtimes: new Map([["tinydocker", {}]]),
    SecurityOptions: ["name=seccomp,profile=builtin", ...(isRoot() ? [] : ["name=rootless"])],
    Swarm: { NodeID: "", LocalNodeState: "inactive", ControlAvailable: false },
    IndexServerAddress: "https://index.docker.io/v1/",
    Warnings: null,
  };
}

function isRoot(): boolean {
  return process.geteuid?.() === 0 && isFirstUserNamespace();
}

function cgroupVersion(): string {
  const text = (file: string) => readFileSync(`/proc/self/${file}`, "utf8");
  return mountedHierarchies(text("cgroup"), text("mountinfo")).some(({ version }) => version === 1) ? "1" : "2";
}

/** As os-release(5) has it for people. */
function operatingSystem(): string {
  for (const file of ["/etc/os-release", "/usr/lib/os-release"])
    try {
      const name = /^PRETTY_NAME=(["']?)(.*)\1$/m.exec(readFileSync(file, "utf8"))?.[2];
      if (name !== undefined) return name;
    } catch {
      // The next one.
    }
  return "Linux";
}
