import { CGROUP_REASONS } from "../cgroup/reasons.ts";
import { NETWORK_REASONS } from "../network/reasons.ts";
import { END_REASONS } from "../plan/end-reasons.ts";
import { EXEC_REASONS } from "../plan/exec-reasons.ts";

/** The reason for each step, for `--explain`. */
const REASONS = {
  dieWithParent: {
    en: "the container ends when the process that started it ends, even if that is killed",
    zh: "启动容器的进程结束时，容器随之结束，即使该进程是被强行终止的",
  },
  dieWithParentStill: {
    en: "set again: the change of user and capabilities cleared it",
    zh: "再次设置：更改用户和能力时，内核已将其清除",
  },
  guarded: {
    en: "waits until there is a process that ends the container if its parent is killed, which the command itself can't prevent",
    zh: "等待监护进程就绪：父进程被强行终止时由它结束容器，容器中的命令无法阻止",
  },
  ...CGROUP_REASONS,
  mapIds: {
    en: "waits until newuidmap and newgidmap gave the container its users: you as root, your subordinate ids as the others",
    zh: "等待 newuidmap 和 newgidmap 为容器映射用户：你是 root，你的从属 id 是其他用户",
  },
  joinOther: {
    en: "as requested with container:NAME: what that container has, by its first process; if that has ended, no other can be in its place",
    zh: "按 container:名称 的要求：经由该容器的 1 号进程加入它的命名空间；若该进程已结束，也不会误入别的进程的命名空间",
  },
  private: {
    en: "mounts made from here on do not propagate to the host",
    zh: "此后的挂载不会传播到宿主机",
  },
  memory: { en: "for the few files that only this container has", zh: "存放仅属于本容器的少量文件" },
  upperInMemory: {
    en: "in memory, because the state directory's file system can't store an overlay's upper layer",
    zh: "状态目录所在的文件系统不能存放 overlay 的上层，因此改用内存",
  },
  layers: {
    en: "what the container writes is stored here, so the image does not change",
    zh: "容器写入的内容存放在这里，镜像保持不变",
  },
  layerLink: {
    en: "a short name for a layer: the kernel takes no more than a page of options",
    zh: "镜像层的短名：内核接受的挂载选项不超过一页",
  },
  names: {
    en: "the container resolves its own host name without a name server",
    zh: "容器无需域名服务器即可解析自己的主机名",
  },
  namesMount: {
    en: "shown in the container's /etc, wherever the image's links lead; the image's own file stays below",
    zh: "显示在容器的 /etc 中，顺着镜像自己的符号链接；镜像原有的文件留在其下",
  },
  overlay: {
    en: "the container's root: the image's read-only layers below, its own writable layer on top",
    zh: "容器的根：下面是镜像的各个只读层，上面是容器自己的可写层",
  },
  rootBind: {
    en: "pivot_root needs a mount point; the container's own directory becomes one",
    zh: "pivot_root 需要挂载点；容器自己的目录由此成为挂载点",
  },
  hostEntry: {
    en: "a part of the machine's root, without the host's mounts",
    zh: "宿主机根目录的一部分，不含宿主机的挂载",
  },
  hostCopy: {
    en: "beside it the machine has mounts, so it can't be part of an overlay; as a copy, the container can change it",
    zh: "宿主机在它旁边有挂载，无法放进 overlay；复制一份后，容器可以修改它",
  },
  hostBound: {
    en: "a part of the machine's root that can't be an overlay or a copy: the machine's own, read-only",
    zh: "宿主机根目录中既不能用 overlay 也不便复制的一部分：即宿主机自己的，只读",
  },
  bindSource: {
    en: "a copy of the mount, made while the host's paths can still be reached",
    zh: "趁还能访问宿主机的路径，先取得该挂载的副本",
  },
  subpath: {
    en: "the part of the volume that was asked for; a link in the volume can't lead out of it",
    zh: "卷中所要求的部分；卷中的链接不能指向卷之外",
  },
  propagation: {
    en: "as requested: mounts that are made later on one side reach the other",
    zh: "按要求：此后一侧新建的挂载会传播到另一侧",
  },
  bindLimits: {
    en: "device nodes in it do not work, and it is read-only if requested",
    zh: "其中的设备文件不可用；按要求设为只读",
  },
  bind: {
    en: "a directory or file of the host, as requested with -v or --mount",
    zh: "按 -v 或 --mount 的要求挂载宿主机的目录或文件",
  },
  device: { en: "one of the few devices that every program expects", zh: "程序普遍需要的少数设备之一" },
  deviceAsked: {
    en: "a device of this machine, as requested with --device",
    zh: "按 --device 的要求提供本机的设备",
  },
  deviceMade: {
    en: "all devices of the machine, as requested with --privileged",
    zh: "按 --privileged 的要求提供机器的全部设备",
  },
  sysctl: {
    en: "a setting of the container's own namespaces, as requested with --sysctl",
    zh: "按 --sysctl 的要求设置容器自己命名空间的内核参数",
  },
  deviceNode: {
    en: "the device can be used, but its owner and mode, which are the host's, can't be changed",
    zh: "设备可以使用，但其属主和权限是宿主机的，不能更改",
  },
  pivot: {
    en: "the container's root becomes /; no path leads to the host's any more",
    zh: "容器的根成为 /，任何路径都不再能到达宿主机的根",
  },
  viewed: {
    en: "waits until the files of the container have been read or written: its command is not run",
    zh: "等待容器的文件读写完毕：不运行它的命令",
  },
  detach: { en: "removes the host's root from the container's mount table", zh: "从容器的挂载表中移除宿主机的根" },
  target: { en: "a mount needs a mount point", zh: "挂载需要一个挂载点" },
  proc: { en: "shows only the container's own processes", zh: "只显示容器自己的进程" },
  sysfs: {
    en: "read-only: the container must not change the host's devices and kernel settings",
    zh: "只读：容器不得更改宿主机的设备和内核设置",
  },
  cgroup: { en: "lets programs read their resource limits", zh: "让程序能读取自己的资源限制" },
  dev: {
    en: "the container's own /dev, in which only the devices mounted below work",
    zh: "容器自己的 /dev，其中只有下面挂载的设备可用",
  },
  devpts: { en: "the container's own terminals", zh: "容器自己的终端" },
  shm: { en: "the container's own POSIX shared memory", zh: "容器自己的 POSIX 共享内存" },
  shmShared: {
    en: "POSIX shared memory of the IPC namespace that it shares, as requested with --ipc",
    zh: "按 --ipc 的要求：所共用的 IPC 命名空间的 POSIX 共享内存",
  },
  mqueue: { en: "the container's own POSIX message queues", zh: "容器自己的 POSIX 消息队列" },
  tmpfs: {
    en: "files in memory, as requested with --tmpfs or --mount",
    zh: "按 --tmpfs 或 --mount 的要求，文件存放在内存中",
  },
  ptmx: {
    en: "programs that open a new terminal get one of the container's own, not of the host's",
    zh: "程序打开的新终端属于容器自己，而不是宿主机",
  },
  mountTable: {
    en: "programs read there what is mounted, unless the image has a file of its own",
    zh: "程序从这里读取挂载信息；镜像已有此文件时不创建",
  },
  link: { en: "programs expect this name in /dev", zh: "程序需要 /dev 中的这个名字" },
  mask: { en: "masked: it reveals facts about the host, or affects it", zh: "会泄露宿主机的信息或影响宿主机，故屏蔽" },
  maskState: { en: "masked: it contains the layers of other containers", zh: "其中有其他容器的可写层，故屏蔽" },
  readonly: {
    en: "writing to it would change the host's kernel settings",
    zh: "写入会更改宿主机的内核设置，故设为只读",
  },
  rootReadonly: { en: "as requested with --read-only", zh: "按 --read-only 的要求设为只读" },
  hostname: {
    en: "in the container's UTS namespace, so the host keeps its name",
    zh: "在容器自己的 UTS 命名空间中设置，宿主机的主机名不变",
  },
  domainname: { en: "as requested with --domainname", zh: "按 --domainname 的要求" },
  loopback: {
    en: "makes 127.0.0.1 work; in a new network namespace it is down",
    zh: "启用 127.0.0.1；新的网络命名空间中它默认是关闭的",
  },
  ...NETWORK_REASONS,
  workdir: { en: "the working directory is made if the image lacks it", zh: "镜像中没有工作目录时创建它" },
  nofile: {
    en: "programs that loop over all descriptors would take seconds with Node's high limit",
    zh: "Node 的上限很高，会让遍历所有描述符的程序耗时数秒",
  },
  keyring: { en: "the command can't reach the keys of the caller's session", zh: "命令无法访问调用者会话中的密钥" },
  session: {
    en: "a new session, which shares no terminal with the caller: neither can signal the other through it",
    zh: "新的会话，不与调用者共用终端，因此双方不能通过终端互发信号",
  },
  terminal: {
    en: "a terminal from the container's own /dev/pts; what passes through it is copied to and from yours",
    zh: "取自容器自己的 /dev/pts 的终端，其输入输出与你的终端互相复制",
  },
  ownPipes: {
    en: "the command's user can open /dev/stdin, /dev/stdout and /dev/stderr, which lead to them",
    zh: "命令的用户因此能打开指向它们的 /dev/stdin、/dev/stdout 和 /dev/stderr",
  },
  umask: { en: "the caller's umask must not apply", zh: "不沿用调用者的 umask" },
  bounding: {
    en: "no program, however it is started, gets a capability that is not among these",
    zh: "任何程序，无论怎样启动，都得不到其中没有的能力",
  },
  groups: { en: "replaces the caller's supplementary groups", zh: "替换调用者的附加组" },
  identity: { en: "the user and group the command runs as", zh: "命令以该用户和组的身份运行" },
  capabilities: {
    en: "what root in the container may do besides managing its own files and processes",
    zh: "容器内的 root 除管理自己的文件和进程外还能做什么",
  },
  noNewPrivileges: { en: "setuid programs gain no more rights than the command has", zh: "setuid 程序不能再提升权限" },
  chdirAsRoot: {
    en: "enters it before the command's user is set, who may not; if root may not, the user tries it",
    zh: "在切换到命令的用户之前进入，因为该用户可能无权进入；若 root 也无权，则由该用户再试",
  },
  chdir: {
    en: "the command's working directory; it is checked to be inside the container",
    zh: "命令的工作目录；并确认它位于容器之内",
  },
  descriptors: {
    en: "no file of the host that is still open reaches the command",
    zh: "宿主机上仍打开的文件都不会传给命令",
  },
  seccomp: {
    en: "docker's rules: the kernel refuses calls that administer the machine or that attacks begin with",
    zh: "采用 docker 的规则：内核拒绝用于管理整台机器的系统调用，以及常被攻击利用的系统调用",
  },
  seccompFile: {
    en: "the rules given with --security-opt seccomp=FILE",
    zh: "由 --security-opt seccomp=文件 指定的规则",
  },
  reaper: {
    en: "as requested with --init: this process stays pid 1, passes signals on to the command and reaps what it leaves",
    zh: "按 --init 的要求：本进程保持为 1 号进程，向命令转发信号，并回收它留下的进程",
  },
  ...EXEC_REASONS,
  ...END_REASONS,
  exec: { en: "the init becomes the command, as pid 1 of the container", zh: "init 成为该命令，即容器的 1 号进程" },
} as const;

export type Reason = keyof typeof REASONS;
export type Language = "en" | "zh";

/** The language of the first of LC_ALL, LC_MESSAGES and LANG that is set (POSIX). */
export function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  const locale = env["LC_ALL"] || env["LC_MESSAGES"] || env["LANG"] || "";
  return locale.startsWith("zh") ? "zh" : "en";
}

export function reasonText(reason: Reason, language: Language): string {
  return REASONS[reason][language];
}
