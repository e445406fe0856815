/** The reason for each step of a container's cgroups and limits, for `--explain`. */
export const CGROUP_REASONS = {
  cgroupOwn: {
    en: "a cgroup of the container's own: through its caller's it could freeze or end its caller",
    zh: "容器自己的 cgroup：若与调用者共用，容器可以冻结或终止调用者",
  },
  cgroupDelegate: {
    en: "systemd manages this machine's cgroups, and leaves those below a unit with Delegate= to whoever asked for it; until the machine restarts",
    zh: "本机的 cgroup 由 systemd 管理；带有 Delegate= 的单元之下的 cgroup，它留给请求者自己管理，直到机器重启",
  },
  cgroupShared: { en: "holds the cgroups of all containers", zh: "存放所有容器的 cgroup" },
  cgroupEnable: {
    en: "the cgroups below have no file of a controller that is not on here",
    zh: "控制器在这里启用后，下层 cgroup 才有相应的文件",
  },
  cpusetInherited: {
    en: "a new cgroup has no processors and memory nodes of its own, and takes no process without them",
    zh: "新的 cgroup 没有处理器和内存节点；没有它们就不能放入进程",
  },
  memoryLimit: {
    en: "as requested with -m; when it has used that up, the kernel kills a process of the container",
    zh: "按 -m 的要求；用尽时，内核会终止容器中的一个进程",
  },
  swapLimit: {
    en: "as requested with --memory-swap, or as much swap as memory: else a memory limit would only move it to the disk",
    zh: "按 --memory-swap 的要求，或与内存同样多：否则内存限制只会把内容换出到磁盘",
  },
  memoryReservation: { en: "as requested with --memory-reservation", zh: "按 --memory-reservation 的要求" },
  cpuQuota: {
    en: "as requested: microseconds of processor time in each period",
    zh: "按要求：每个周期内可用的处理器时间（微秒）",
  },
  cpuShares: { en: "as requested with --cpu-shares", zh: "按 --cpu-shares 的要求" },
  cpuset: { en: "as requested: it runs on these only", zh: "按要求：只能使用这些" },
  pidsLimit: {
    en: "as requested with --pids-limit: a fork bomb stays in the container",
    zh: "按 --pids-limit 的要求：fork 炸弹不会影响容器之外",
  },
  blockIO: {
    en: "as requested: what the container may read or write of that device in each second",
    zh: "按要求：容器每秒可从该设备读取或写入多少",
  },
  cgroupDevices: {
    en: "nodes of other devices, however they are made, can't be opened",
    zh: "其他设备的节点无论怎样创建，都不能打开",
  },
  cgroupAllDevices: { en: "every device, as requested with --privileged", zh: "按 --privileged 的要求：所有设备" },
  ulimit: { en: "as requested with --ulimit", zh: "按 --ulimit 的要求" },
  oomScore: {
    en: "as requested: how readily the kernel kills it when the machine's memory is used up",
    zh: "按要求：机器内存用尽时，内核优先终止它的程度",
  },
  cgroupJoin: {
    en: "the container's first process is in it before its first instruction",
    zh: "容器的第一个进程在执行第一条指令之前就已在其中",
  },
  cgroupNamespace: {
    en: "the container's own cgroups are the top that it sees; made by clone3, its caller's would be",
    zh: "容器看到的最上层是它自己的 cgroup；若由 clone3 创建，则会是调用者的",
  },
} as const;
