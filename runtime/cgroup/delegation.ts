/** Below the root of cgroup v2: where systemd leaves all cgroups to tinydocker. */
export const DELEGATED = "system.slice/tinydocker.service";

/**
 * systemd removes the cgroup of a unit without a process. It has to be in one below, or the kernel would limit none beside it.
 * No variable of the shell: systemd would replace it.
 */
const STAY =
  "cd /sys/fs/cgroup$(cut -d: -f3- /proc/self/cgroup) && mkdir idle && echo 0 >idle/cgroup.procs && cd / && " +
  "systemd-notify --ready && exec sleep infinity";

/**
 * Makes that unit. Its other processes are those of containers: one that used up its memory is no reason to end all, and one
 * that ignores SIGTERM no reason to hold up the machine's shutdown.
 */
export const DELEGATE: readonly string[] = [
  "systemd-run",
  "--quiet",
  "--collect",
  "--unit=tinydocker.service",
  "--slice=system.slice",
  "--description=Containers of tinydocker",
  "--service-type=notify",
  "--property=NotifyAccess=all",
  "--property=Delegate=yes",
  "--property=TasksMax=infinity",
  "--property=OOMPolicy=continue",
  "--property=TimeoutStopSec=10s",
  "sh",
  "-c",
  STAY,
];
