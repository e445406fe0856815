/** The reason for each thing that ends or removes a container, for `--explain`. */
export const END_REASONS = {
  letEnd: {
    en: "to its monitor: from here on no restart policy starts it again",
    zh: "发给它的监视进程：此后任何重启策略都不再启动它",
  },
  thaw: { en: "it is paused: a process that is stopped handles no signal", zh: "它已暂停：停住的进程不处理信号" },
  stopSignal: {
    en: "its stop signal, to its first process: where that handles it, it can end in order",
    zh: "向它的第一个进程发送停止信号：该进程若处理此信号，就能有序地结束",
  },
  killSignal: { en: "no process can handle this one", zh: "任何进程都无法处理这个信号" },
  awaitEnd: { en: "it has so long to end by itself", zh: "在这段时间内它可以自行结束" },
  awaitEndForEver: { en: "however long it takes: --time -1", zh: "无论多久都等待：--time -1" },
  killLate: {
    en: "only where it has not ended by then; the kernel ends all its other processes with it",
    zh: "仅当它届时还未结束；内核会同时结束它的所有其他进程",
  },
  takeName: {
    en: "waits until its monitor has recorded how it ended; nobody else changes the container meanwhile",
    zh: "等待监视进程记录它如何结束；此间其他人都不能更改该容器",
  },
  undoProcess: { en: "where its starter was killed, it may still run", zh: "启动它的进程若被强行终止，它可能仍在运行" },
  undoHelper: { en: "a program that served it outside", zh: "在容器之外为它服务的程序" },
  undoLease: {
    en: "its addresses and published ports are free, and the other containers no longer know its name",
    zh: "释放它的地址和发布的端口，其他容器不再认识它的名字",
  },
  undoCgroup: {
    en: "ends what is left in it: it can be removed only when it is empty",
    zh: "结束其中剩余的进程：只有空的才能删除",
  },
  undoWork: { en: "overlayfs's own, of no use without the mount", zh: "overlayfs 自用的目录，卸载后不再有用" },
  undoUpper: { en: "what the container wrote", zh: "容器写入的内容" },
  undoMonitor: { en: "its log, and how it ended", zh: "它的日志，以及它如何结束" },
  undoVolume: { en: "a volume that has no name, and no other container", zh: "没有名字、也不属于其他容器的卷" },
  removeRecord: {
    en: "from here on the container does not exist: whoever is killed now, the next command does the rest",
    zh: "此后容器不复存在：即使此时有进程被强行终止，下一个命令也会完成余下的事",
  },
  freeName: { en: "its name can be used again", zh: "它的名字可以再次使用" },
} as const;
