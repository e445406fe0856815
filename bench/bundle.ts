import { mkdir, writeFile } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import { applicableRules } from "../runtime/seccomp/applicable.ts";
import { dockerProfile } from "../runtime/seccomp/docker-rules.ts";
import type { ContainerSpec } from "../runtime/spec/spec.ts";

/**
 * Writes an OCI bundle (runtime-spec 1.0) for which crun and runc do what tinydocker does: the same mounts, namespaces,
 * masked paths, capabilities, rules for system calls and devices, a cgroup of its own, and command, on a root that is already
 * mounted.
 */
export async function writeBundle(directory: string, spec: ContainerSpec, root: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "config.json"), JSON.stringify(configOf(spec, root)));
}

function configOf(spec: ContainerSpec, root: string) {
  const { args, env, cwd, user, capabilities } = spec.process;
  const { namespaces, maskedPaths, readonlyPaths } = spec.linux;
  return {
    ociVersion: "1.0.2",
    hostname: spec.hostname,
    root: { path: root, readonly: spec.root.readonly },
    process: {
      terminal: false,
      args,
      env,
      cwd,
      user: { uid: user.uid, gid: user.gid },
      capabilities,
      noNewPrivileges: true,
    },
    mounts: spec.mounts.map(({ destination, type, source, options }) => ({
      destination,
      type,
      source,
      // They create device nodes in /dev; tinydocker binds them.
      options: destination === "/dev" ? options.filter((option) => option !== "nodev") : options,
    })),
    linux: {
      namespaces,
      maskedPaths,
      readonlyPaths,
      seccomp: seccompOf(spec),
      cgroupsPath: `/tinydocker-bench-${spec.name}`,
      resources: { devices: [{ allow: false, access: "rwm" }] },
    },
  };
}

/** docker's rules as docker passes them on, with the architecture that tinydocker allows. */
function seccompOf({ process: { capabilities } }: ContainerSpec) {
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  const profile = dockerProfile();
  const rules = applicableRules(profile, { machine, kernel: release(), capabilities: capabilities.bounding });
  return {
    defaultAction: profile.defaultAction,
    defaultErrnoRet: profile.defaultErrnoRet,
    architectures: [`SCMP_ARCH_${machine.toUpperCase()}`],
    // libseccomp takes one condition for each argument.
    syscalls: rules.map(({ names, action, errnoRet, args = [] }) => ({
      names,
      action,
      errnoRet,
      args: args.slice(0, 1),
    })),
  };
}
