/** Why a step is there, for `--explain`. */
const REASONS = {
  dieWithParent: {
    en: "the container ends with the process that started it, even when that is killed",
    zh: "启动它的进程一旦结束，容器随之结束，即使前者被强行杀死",
  },
  dieWithParentStill: {
    en: "once more: the change of user and capabilities cleared it",
    zh: "再次设置：更换用户和能力已将其清除",
  },
  await: {
    en: "what is prepared from outside must be there first",
    zh: "须先等待外部的准备工作完成",
  },
  private: {
    en: "no mount made from here on is seen outside, whatever the host's own mounts share",
    zh: "此后的任何挂载都不会传播到宿主机",
  },
  memory: { en: "a place for the few files that only this container has", zh: "存放仅属于本容器的少数文件" },
  upperInMemory: {
    en: "the state directory's file system can't hold an overlay's upper layer, so memory does",
    zh: "状态目录所在的文件系统不能做 overlay 的上层，改用内存",
  },
  layers: {
    en: "what the container writes goes here, so the image stays as it is",
    zh: "容器写入的内容放在这里，镜像保持不变",
  },
  names: {
    en: "the container finds its own name without asking a name server",
    zh: "容器无需域名服务器即可解析自己的主机名",
  },
  overlay: {
    en: "the container's root: the image's layers read-only below, its own layer on top",
    zh: "容器的根：镜像各层只读在下，自己的可写层在上",
  },
  rootBind: {
    en: "pivot_root wants a mount point; this one is the container's own directory",
    zh: "pivot_root 需要挂载点；这里是容器自己的目录",
  },
  hostEntry: {
    en: "a part of the machine's root that shows no mount of the host",
    zh: "宿主根目录中不含宿主挂载的一部分",
  },
  bindSource: {
    en: "a copy of the mount, taken while the host's paths can still be named",
    zh: "趁还能访问宿主路径，先取得该挂载的副本",
  },
  bindLimits: {
    en: "device nodes made there are dead, and it is read-only where asked for",
    zh: "其中的设备文件无效；按要求设为只读",
  },
  bind: { en: "a directory or file of the host, as asked for with -v", zh: "按 -v 的要求放入宿主的目录或文件" },
  device: { en: "one of the few devices every program expects", zh: "程序普遍需要的少数设备之一" },
  deviceNode: {
    en: "it can be written to, but its owner and mode, which are the host's, can't be changed",
    zh: "可读写，但其属主和权限属于宿主，不能更改",
  },
  pivot: {
    en: "the container's root becomes /; the host's is put out of reach of any path",
    zh: "容器的根成为 /，任何路径都不再能到达宿主的根",
  },
  detach: { en: "the host's root is gone from the container's mount table", zh: "从容器的挂载表中移除宿主的根" },
  target: { en: "a mount needs a place to lie on", zh: "挂载需要一个挂载点" },
  proc: { en: "shows the container's own processes only", zh: "只显示容器自己的进程" },
  sysfs: {
    en: "read-only: the host's devices and kernel settings are not the container's to change",
    zh: "只读：容器不能改动宿主的设备和内核设置",
  },
  cgroup: { en: "lets a program read its limits", zh: "让程序能读取自己的资源限制" },
  dev: {
    en: "a /dev of its own, in which only the devices bound below work",
    zh: "独立的 /dev，只有下面绑定的设备可用",
  },
  devpts: { en: "terminals of its own", zh: "容器自己的终端" },
  shm: { en: "POSIX shared memory of its own", zh: "容器自己的 POSIX 共享内存" },
  mqueue: { en: "POSIX message queues of its own", zh: "容器自己的 POSIX 消息队列" },
  mount: { en: "a file system of its own", zh: "独立的文件系统" },
  link: { en: "programs expect this name in /dev", zh: "程序需要 /dev 中的这个名字" },
  mask: { en: "tells about the host, or reaches it", zh: "会泄露宿主信息或影响宿主，故遮蔽" },
  maskState: { en: "holds the layers of other containers", zh: "存放着其他容器的可写层，故遮蔽" },
  readonly: { en: "writing there would change the host's kernel settings", zh: "写入会改变宿主的内核设置，故只读" },
  rootReadonly: { en: "--read-only was asked for", zh: "按 --read-only 的要求" },
  hostname: {
    en: "in the UTS namespace of its own, so the host keeps its name",
    zh: "在自己的 UTS 命名空间中设置，宿主名不变",
  },
  loopback: {
    en: "127.0.0.1 works; the network namespace starts with it down",
    zh: "启用 127.0.0.1；新网络命名空间中它默认关闭",
  },
  workdir: { en: "the working directory is made if the image lacks it", zh: "若镜像中没有工作目录则创建" },
  nofile: {
    en: "programs that loop over all descriptors would take seconds with Node's high limit",
    zh: "Node 的上限过高会让遍历描述符的程序变慢",
  },
  keyring: { en: "keys of the caller's session stay out of reach", zh: "调用者会话中的密钥不可访问" },
  session: {
    en: "a session of its own: the caller's terminal can't signal it, nor it the caller's",
    zh: "独立的会话，与调用者的终端互不发信号",
  },
  terminal: {
    en: "a terminal of the container's own /dev/pts, whose other end is copied to yours",
    zh: "取自容器自己的 /dev/pts，另一端与你的终端相连",
  },
  umask: { en: "the caller's mask must not decide", zh: "不受调用者掩码影响" },
  bounding: {
    en: "no program, however it is started, gets more than docker's default capabilities",
    zh: "任何程序都得不到超出 docker 默认值的能力",
  },
  groups: { en: "the caller's groups must not leak in", zh: "调用者的附加组不得泄入" },
  identity: { en: "the user the command runs as", zh: "命令以该用户身份运行" },
  capabilities: {
    en: "root in here can manage its own files and processes, not the machine",
    zh: "容器内的 root 只能管理自己的文件和进程，不能管理机器",
  },
  noNewPrivileges: { en: "no setuid program gives more rights than the command has", zh: "setuid 程序不能再提升权限" },
  chdir: {
    en: "where the command starts; checked to lie inside the container",
    zh: "命令的起始目录；确认位于容器之内",
  },
  exec: { en: "the init becomes the command, as pid 1 of the container", zh: "init 变身为该命令，成为容器的 1 号进程" },
} as const;

export type Reason = keyof typeof REASONS;
export type Language = "en" | "zh";

/** The reader's language, by the first of LC_ALL, LC_MESSAGES and LANG that is set (POSIX). */
export function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  const locale = env["LC_ALL"] || env["LC_MESSAGES"] || env["LANG"] || "";
  return locale.startsWith("zh") ? "zh" : "en";
}

export function reasonText(reason: Reason, language: Language): string {
  return REASONS[reason][language];
}
