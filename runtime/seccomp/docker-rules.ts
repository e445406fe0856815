import { ERRNO } from "../linux.ts";
import type { Profile, Rule } from "./profile.ts";

/*
 * docker's default rules: github.com/moby/profiles, seccomp/default.json of 2026-04-30. Names of other architectures than
 * x86_64, i386, aarch64 and arm are left out, and so is minKernel 4.8, which every supported kernel has.
 */

const ALLOWED =
  "accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown clock_adjtime clock_getres " +
  "clock_gettime clock_nanosleep close close_range connect copy_file_range creat dup dup2 dup3 epoll_create " +
  "epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve " +
  "execveat exit exit_group faccessat faccessat2 fadvise64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 " +
  "fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstatfs fsync ftruncate " +
  "futex futex_requeue futex_wait futex_waitv futex_wake futimesat getcpu getcwd getdents getdents64 getegid geteuid " +
  "getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid " +
  "getrlimit get_robust_list getrusage getsid getsockname getsockopt get_thread_area gettid gettimeofday getuid " +
  "getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel ioctl io_destroy " +
  "io_getevents io_pgetevents ioprio_get ioprio_set io_setup io_submit kill landlock_add_rule landlock_create_ruleset " +
  "landlock_restrict_self lchown lgetxattr link linkat listen listmount listxattr listxattrat llistxattr lremovexattr " +
  "lseek lsetxattr lstat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod " +
  "mknodat mlock mlock2 mlockall mmap mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink " +
  "mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep newfstatat open " +
  "openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll prctl " +
  "pread64 preadv preadv2 prlimit64 process_mrelease pselect6 pwrite64 pwritev pwritev2 read readahead readlink " +
  "readlinkat readv recvfrom recvmmsg recvmsg remap_file_pages removexattr removexattrat rename renameat renameat2 " +
  "restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend " +
  "rt_sigtimedwait rt_tgsigqueueinfo sched_getaffinity sched_getattr sched_getparam sched_get_priority_max " +
  "sched_get_priority_min sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam " +
  "sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop sendfile sendmmsg sendmsg sendto " +
  "setfsgid setfsuid setgid setgroups setitimer setpgid setpriority setregid setresgid setresuid setreuid setrlimit " +
  "set_robust_list setsid setsockopt set_thread_area set_tid_address setuid setxattr setxattrat shmat shmctl shmdt " +
  "shmget shutdown sigaltstack signalfd signalfd4 socketpair splice stat statfs statmount statx symlink symlinkat sync " +
  "sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime " +
  "timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill truncate umask uname unlink unlinkat " +
  "uretprobe utime utimensat utimes vfork vmsplice wait4 waitid write writev";

/** Of programs of 32 bits. */
const ALLOWED_32 =
  "_llseek _newselect chown32 clock_adjtime64 clock_getres_time64 clock_gettime64 clock_nanosleep_time64 fadvise64_64 " +
  "fchown32 fcntl64 fstat64 fstatat64 fstatfs64 ftruncate64 futex_time64 getegid32 geteuid32 getgid32 getgroups32 " +
  "getresgid32 getresuid32 getuid32 io_pgetevents_time64 ipc lchown32 lstat64 mmap2 mq_timedreceive_time64 " +
  "mq_timedsend_time64 ppoll_time64 pselect6_time64 recv recvmmsg_time64 rt_sigtimedwait_time64 " +
  "sched_rr_get_interval_time64 semtimedop_time64 send sendfile64 setfsgid32 setfsuid32 setgid32 setgroups32 setregid32 " +
  "setresgid32 setresuid32 setreuid32 setuid32 sigprocmask sigreturn socketcall stat64 statfs64 timer_gettime64 " +
  "timer_settime64 timerfd_gettime64 timerfd_settime64 truncate64 ugetrlimit utimensat_time64 waitpid";
const ALLOWED_ARM = "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls";

/** A rule for what only a container with one more capability may call. */
function withCapability(capability: string, names: string): Rule {
  return { names: names.split(" "), action: "SCMP_ACT_ALLOW", includes: { caps: [capability] } };
}

const ADMINISTRATION =
  "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules " +
  "lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname " +
  "sethostname setns syslog umount umount2 unshare";

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET: clone(2) must contain none of them. */
const NEW_NAMESPACES = 0x7e020000;
/** PER_LINUX, PER_LINUX32, UNAME26, and both; the last one asks and changes nothing. */
const PERSONALITIES = [0, 8, 0x20000, 0x20008, 0xffffffff];
const AF_ALG = 38;
const AF_VSOCK = 40;

/**
 * Every address family but AF_ALG, whose ciphers run in the kernel, and AF_VSOCK, which reaches the hypervisor. docker compares all
 * 64 bits, of which the kernel ignores the upper half; here that must be 0.
 */
function sockets(): Rule[] {
  const family = (op: "SCMP_CMP_LT" | "SCMP_CMP_EQ" | "SCMP_CMP_GT", value: number) => ({ index: 0, op, value });
  return [
    [family("SCMP_CMP_LT", AF_ALG)],
    [family("SCMP_CMP_EQ", AF_ALG + 1)],
    [family("SCMP_CMP_GT", AF_VSOCK), family("SCMP_CMP_LT", 2 ** 32)],
  ].map((args) => ({ names: ["socket"], action: "SCMP_ACT_ALLOW", args }));
}

export function dockerProfile(): Profile {
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: ERRNO.EPERM,
    architectures: ["i386", "arm"],
    syscalls: [
      { names: `${ALLOWED} ${ALLOWED_32}`.split(" "), action: "SCMP_ACT_ALLOW" },
      { names: ALLOWED_ARM.split(" "), action: "SCMP_ACT_ALLOW", includes: { arches: ["arm64"] } },
      { names: ["process_vm_readv", "process_vm_writev", "ptrace"], action: "SCMP_ACT_ALLOW" },
      ...sockets(),
      ...PERSONALITIES.map((value): Rule => {
        const args = [{ index: 0, op: "SCMP_CMP_EQ", value }] as const;
        return { names: ["personality"], action: "SCMP_ACT_ALLOW", args };
      }),
      { names: ["arch_prctl", "modify_ldt"], action: "SCMP_ACT_ALLOW", includes: { arches: ["amd64"] } },
      withCapability("CAP_DAC_READ_SEARCH", "open_by_handle_at"),
      withCapability("CAP_SYS_ADMIN", ADMINISTRATION),
      {
        names: ["clone"],
        action: "SCMP_ACT_ALLOW",
        args: [{ index: 0, op: "SCMP_CMP_MASKED_EQ", value: NEW_NAMESPACES, valueTwo: 0 }],
        excludes: { caps: ["CAP_SYS_ADMIN"] },
      },
      // ENOSYS: its flags are in memory, where no filter can see them, and C libraries then call clone.
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ERRNO.ENOSYS, excludes: { caps: ["CAP_SYS_ADMIN"] } },
      withCapability("CAP_SYS_BOOT", "reboot"),
      withCapability("CAP_SYS_CHROOT", "chroot"),
      withCapability("CAP_SYS_MODULE", "delete_module init_module finit_module"),
      withCapability("CAP_SYS_PACCT", "acct"),
      withCapability("CAP_SYS_PTRACE", "kcmp pidfd_getfd process_madvise"),
      withCapability("CAP_SYS_RAWIO", "iopl ioperm"),
      withCapability("CAP_SYS_TIME", "settimeofday stime clock_settime clock_settime64"),
      withCapability("CAP_SYS_TTY_CONFIG", "vhangup"),
      withCapability("CAP_SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
      withCapability("CAP_SYSLOG", "syslog"),
      withCapability("CAP_BPF", "bpf"),
      withCapability("CAP_PERFMON", "perf_event_open"),
    ],
  };
}
