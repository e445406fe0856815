/** The reason for each step of a command into a container that runs, for `exec --explain`. */
export const EXEC_REASONS = {
  execDies: {
    en: "it ends when the process that started it ends, even if that is killed",
    zh: "启动它的进程结束时，它随之结束，即使该进程是被强行终止的",
  },
  untraceable: {
    en: "no process of the container can trace it, or open what it has open, while it is among them and not yet the command",
    zh: "在它进入容器而尚未成为命令期间，容器中的进程不能跟踪它，也不能打开它已打开的文件",
  },
  execCgroup: {
    en: "the container's limits count for the command as well",
    zh: "容器的资源限制同样适用于该命令",
  },
  join: {
    en: "the container's namespaces, all at once, by its first process: if that has ended, no other can be in its place",
    zh: "经由容器的 1 号进程一次加入它的全部命名空间；若该进程已结束，也不会误入别的进程的命名空间",
  },
  joinPid: {
    en: "only a new process is in the pid namespace; it is a child of this program, which waits for it",
    zh: "只有新建的进程才在该 pid 命名空间中；它是本程序的子进程，由本程序等待",
  },
  execDiesToo: { en: "a new process does not inherit that", zh: "新进程不会继承这一设置" },
  execGuarded: {
    en: "waits until there is a process that ends it if this program is killed, which the command itself can't prevent",
    zh: "等待监护进程就绪：本程序被强行终止时由它结束命令，命令自己无法阻止",
  },
  joinCgroup: {
    en: "the container's own cgroups are the top that it sees",
    zh: "它看到的最上层是容器自己的 cgroup",
  },
  outlives: {
    en: "as requested with -d: it goes on when this program has ended, until the container ends",
    zh: "按 -d 的要求：本程序结束后它继续运行，直到容器结束",
  },
  execInside: { en: "the process becomes the command", zh: "该进程成为该命令" },
} as const;
