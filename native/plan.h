/* The plan: what passes from TypeScript (runtime/plan/codec.ts) to tinydocker-init, and the reports that come back. */
#ifndef TD_PLAN_H
#define TD_PLAN_H

#include <stddef.h>
#include <stdint.h>

#define TD_VERSION 1u
#define TD_PLAN_MAGIC 0x6b636474u /* "tdck", little endian */

#define TD_STEPS_MAX 2048u
#define TD_SLOTS_MAX 256u
#define TD_PLAN_BYTES_MAX (4u << 20)

/*
 * Each step once: its name, the name of its function, and its fields, 8 bytes each, in wire order.
 * runtime/plan/step.ts has the same table; a program refuses a library whose table differs.
 *
 *   NUMBER  uint64                            TEXT   bytes, and a NUL after them
 *   SLOT    index of a descriptor: an extra   LIST   strings that each end with NUL
 *           one, or another step's            WORDS  little-endian uint32 each
 *
 * A path is the host's before PIVOT_ROOT and the container's after it, where no symlink of the image leads outside it.
 */
#define TD_STEPS(X, F)                                                                                                 \
    /* The signal to send it when the process that started it ends. A change of user, group or capabilities, */        \
    /* and an execve that gains rights, clear it. */                                                                   \
    X(PDEATHSIG, pdeathsig, F(NUMBER, signal))                                                                         \
    /* New namespaces of its own, CLONE_NEW*; a cgroup namespace begins at the cgroup that it is in by now. */            \
    X(UNSHARE, unshare, F(NUMBER, namespaces))                                                                         \
    /* 0: no process without rights over the machine can trace it, or open what it has open. execve resets that. */    \
    X(DUMPABLE, dumpable, F(NUMBER, dumpable))                                                                         \
    /* Moves into a cgroup of version 1: its file tasks, open to be written to; then closes that. */                   \
    X(JOIN_CGROUP, join_cgroup, F(SLOT, slot))                                                                         \
    /* Joins namespaces of the process whose pidfd it is; a pid namespace takes only children. Of a mount namespace, */  \
    /* paths are the container's from here on. */                                                                      \
    X(SETNS, setns, F(SLOT, slot) F(NUMBER, namespaces))                                                               \
    /* Goes on in a child that is its parent's, so that a process outside waits for it; and ends. The slot: a directory */ \
    /* of cgroup2 to start in, closed then; if it is empty, the same as before. */                                     \
    X(CLONE, clone, F(SLOT, slot))                                                                                     \
    /* Waits for a byte; ECANCELED when the other end is closed without one. */                                        \
    X(AWAIT, await, F(SLOT, slot))                                                                                     \
    /* Missing parents are made too. */                                                                                \
    X(MKDIR, mkdir, F(NUMBER, mode) F(TEXT, path))                                                                     \
    /* The file must be new. */                                                                                        \
    X(WRITE, write, F(NUMBER, mode) F(TEXT, path) F(TEXT, content))                                                    \
    /* A regular file of at most 1 MiB, while the host's paths can be reached. The copy must be new. */                 \
    X(COPY, copy, F(NUMBER, mode) F(TEXT, source) F(TEXT, path))                                                       \
    /* Of the whole mount namespace, also outside a chroot. */                                                         \
    X(PRIVATE, private, )                                                                                              \
    /* MS_ flags. The target must be a directory. */                                                                   \
    X(MOUNT, mount, F(NUMBER, flags) F(TEXT, source) F(TEXT, target) F(TEXT, type) F(TEXT, data))                      \
    /* With the mode of the directory that it is mounted on. */                                                        \
    X(TMPFS, tmpfs, F(NUMBER, flags) F(TEXT, target) F(TEXT, data))                                                    \
    /* A new file system of that type, not attached yet. attributes: MOUNT_ATTR_. */                                   \
    X(FSMOUNT, fsmount, F(SLOT, slot) F(NUMBER, attributes) F(TEXT, type))                                             \
    /* flags: AT_RECURSIVE or 0. device: the expected type (S_IFCHR or S_IFBLK) << 32 | number; or 0. */               \
    X(OPEN_TREE, open_tree, F(SLOT, slot) F(NUMBER, flags) F(NUMBER, device) F(TEXT, path))                            \
    /* The same of a path in the mount namespace of the process whose pidfd it is. */                                  \
    X(OPEN_IN, open_in, F(SLOT, slot) F(SLOT, process) F(TEXT, path))                                                   \
    /* The same of what a path leads to below a directory of the host; no symlink leads out of that. */                \
    X(OPEN_BELOW, open_below, F(SLOT, slot) F(NUMBER, flags) F(TEXT, directory) F(TEXT, path))                          \
    /* propagation: MS_SHARED, MS_SLAVE or MS_PRIVATE. flags: AT_RECURSIVE or 0. */                                    \
    X(PROPAGATE, propagate, F(SLOT, slot) F(NUMBER, propagation) F(NUMBER, flags))                                      \
    /* attributes: MOUNT_ATTR_ to set. flags: AT_RECURSIVE or 0. */                                                    \
    X(SETATTR, setattr, F(SLOT, slot) F(NUMBER, attributes) F(NUMBER, flags))                                          \
    X(MOVE_MOUNT, move_mount, F(SLOT, slot) F(TEXT, path))                                                             \
    /* An empty file as a mount point; missing parents are made. */                                                    \
    X(TOUCH, touch, F(NUMBER, mode) F(TEXT, path))                                                                     \
    /* The slot keeps the old root. */                                                                                 \
    X(PIVOT_ROOT, pivot_root, F(SLOT, slot) F(TEXT, path))                                                             \
    X(DETACH, detach, F(SLOT, slot))                                                                                   \
    X(SYMLINK, symlink, F(TEXT, target) F(TEXT, path))                                                                 \
    /* These two succeed if the path does not exist. */                                                                \
    X(MASK, mask, F(TEXT, path))                                                                                       \
    X(READONLY, readonly, F(TEXT, path))                                                                               \
    /* The mount at that path, not those below it. */                                                                  \
    X(MOUNT_RDONLY, mount_rdonly, F(TEXT, path))                                                                       \
    /* A new character or block device, with the type in the mode. */                                                  \
    X(MKNOD, mknod, F(NUMBER, mode) F(NUMBER, device) F(NUMBER, uid) F(NUMBER, gid) F(TEXT, path))                     \
    /* A file below /proc/sys. */                                                                                      \
    X(SYSCTL, sysctl, F(TEXT, path) F(TEXT, value))                                                                    \
    X(SETHOSTNAME, sethostname, F(TEXT, name))                                                                         \
    X(SETDOMAINNAME, setdomainname, F(TEXT, name))                                                                     \
    X(LINK_UP, link_up, F(TEXT, name))                                                                                 \
    /* Its network namespace, under that number, by which messages name it. */                                         \
    X(OPEN_NETWORK, open_network, F(NUMBER, fd))                                                                       \
    /* rtnetlink messages; the slot: a socket of the caller, or if it is empty, from then on one of the container. */  \
    /* Of each message, the link with that name is the index; empty: the messages are sent as they are. */             \
    X(NETLINK, netlink, F(SLOT, slot) F(TEXT, link) F(WORDS, messages))                                                \
    /* Waits until the link carries packets; ETIMEDOUT if it does not in two seconds. */                               \
    X(AWAIT_LINK, await_link, F(SLOT, slot) F(TEXT, link))                                                             \
    /* Asks for a route until that is RTN_LOCAL; the same. */                                                          \
    X(AWAIT_LOCAL, await_local, F(SLOT, slot) F(WORDS, request))                                                       \
    /* The soft limit; at most the hard one, which stays. */                                                           \
    X(RLIMIT, rlimit, F(NUMBER, resource) F(NUMBER, soft))                                                             \
    /* Both limits; UINT64_MAX: none. */                                                                               \
    X(SETRLIMIT, setrlimit, F(NUMBER, resource) F(NUMBER, soft) F(NUMBER, hard))                                       \
    /* From -1000 to 1000, in decimal; before PIVOT_ROOT. */                                                           \
    X(OOM_SCORE_ADJ, oom_score_adj, F(TEXT, score))                                                                    \
    /* A new session keyring. */                                                                                       \
    X(KEYRING, keyring, )                                                                                              \
    X(SETSID, setsid, )                                                                                                \
    /* A new one of /dev/pts. console: 1: it is also the container's /dev/console. */                                  \
    X(TERMINAL, terminal, F(NUMBER, uid) F(NUMBER, console))                                                           \
    /* Those of 0, 1 and 2 that are pipes without a name. */                                                           \
    X(CHOWN_PIPES, chown_pipes, F(NUMBER, uid))                                                                        \
    X(UMASK, umask, F(NUMBER, mask))                                                                                   \
    /* Capabilities to keep in the bounding set. */                                                                    \
    X(CAPBSET, capbset, F(NUMBER, capabilities))                                                                       \
    X(SETGROUPS, setgroups, F(WORDS, groups))                                                                          \
    X(SETGID, setgid, F(NUMBER, gid))                                                                                  \
    X(SETUID, setuid, F(NUMBER, uid))                                                                                  \
    /* The inheritable and the ambient set become empty. */                                                            \
    X(CAPSET, capset, F(NUMBER, effective) F(NUMBER, permitted))                                                       \
    X(NO_NEW_PRIVS, no_new_privs, )                                                                                    \
    X(CHDIR, chdir, F(TEXT, path))                                                                                     \
    /* Only 0, 1 and 2 reach the command. */                                                                           \
    X(CLOSE_ON_EXEC, close_on_exec, )                                                                                  \
    /* SECCOMP_FILTER_FLAG_, and the filter: struct sock_filter, two words each. */                                    \
    X(SECCOMP, seccomp, F(NUMBER, flags) F(WORDS, filter))                                                             \
    /* Goes on in a child; pid 1 passes signals on to it, reaps, and ends as it does. */                                \
    X(REAPER, reaper, )                                                                                                \
    /* search: PATH. */                                                                                                \
    X(EXEC, exec, F(LIST, args) F(LIST, env) F(TEXT, search))                                                          \
    /* Ends a plan that runs no command, in place of EXEC. */                                                          \
    X(END, end, )

/* For uses of TD_STEPS that need no fields. */
#define TD_NO_FIELD(kind, name)

enum td_op {
#define TD_OP(op, name, fields) TD_OP_##op,
    TD_STEPS(TD_OP, TD_NO_FIELD)
#undef TD_OP
    TD_OP_COUNT
};

enum td_kind { TD_KIND_NONE, TD_KIND_NUMBER, TD_KIND_SLOT, TD_KIND_TEXT, TD_KIND_LIST, TD_KIND_WORDS };

enum td_plan_flag {
    TD_PLAN_TIMED = 1, /* report each step's time */
};

/* Bytes offset..offset+length of the string area, and a NUL after them. */
struct td_text {
    uint32_t offset;
    uint32_t length;
};

typedef uint64_t td_NUMBER, td_SLOT;
typedef struct td_text td_TEXT, td_LIST, td_WORDS;

/* What every step begins with. */
#define TD_STEP_HEAD                                                                                                   \
    uint32_t op;                                                                                                       \
    uint32_t excused_by; /* this errno skips the step and is reported; 0: none; TD_EXCUSED_ALWAYS: any */

#define TD_EXCUSED_ALWAYS UINT32_MAX

/* struct td_mkdir { op, excused_by; uint64_t mode; struct td_text path; } and so on. */
#define TD_MEMBER(kind, name) td_##kind name;
#define TD_STRUCT(op, name, fields)                                                                                    \
    struct td_##name {                                                                                                 \
        TD_STEP_HEAD                                                                                                   \
        fields                                                                                                         \
    };
TD_STEPS(TD_STRUCT, TD_MEMBER)
#undef TD_STRUCT
#undef TD_MEMBER

union td_longest {
#define TD_ALTERNATIVE(op, name, fields) struct td_##name name;
    TD_STEPS(TD_ALTERNATIVE, TD_NO_FIELD)
#undef TD_ALTERNATIVE
};

enum {
    TD_FIELDS_AT = 8,
    TD_FIELD_BYTES = 8,
    TD_FIELDS_MAX = (sizeof(union td_longest) - TD_FIELDS_AT) / TD_FIELD_BYTES,
};

struct td_step {
    TD_STEP_HEAD
    uint64_t field[TD_FIELDS_MAX];
};

/* Followed by the steps, then by the string area. */
struct td_plan_header {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t steps;
    uint32_t string_bytes;
    uint32_t reserved;
};

enum td_report_kind {
    TD_REPORT_STEP = 1,    /* done; nanoseconds is its time */
    TD_REPORT_SKIPPED = 2, /* failed with the errno that excuses it */
    TD_REPORT_FAILED = 3,  /* the last report */
    TD_REPORT_READY = 4,   /* execve is next; the end of the pipe after it means it succeeded */
    TD_REPORT_CLONED = 5,  /* the rest is done by pid, a child of the same parent */
};

#define TD_OBJECT_BYTES 232

struct td_report {
    uint32_t kind;
    uint32_t step;
    int32_t error;
    int32_t pid;
    uint64_t nanoseconds;
    char object[TD_OBJECT_BYTES]; /* what it failed on, where that is more specific than the step; ends with NUL */
};

_Static_assert(sizeof(struct td_text) == 8, "td_text");
_Static_assert(sizeof(struct td_step) == sizeof(union td_longest), "td_step");
_Static_assert(offsetof(struct td_step, field) == TD_FIELDS_AT && offsetof(struct td_mkdir, path) == 16, "td_step");
_Static_assert(sizeof(struct td_plan_header) == 24, "td_plan_header");
_Static_assert(sizeof(struct td_report) == 256 && offsetof(struct td_report, object) == 24, "td_report");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the plan is little endian");

/* The descriptors tinydocker-init starts with, after 0, 1 and 2. */
enum td_fd {
    TD_FD_PLAN = 3,
    TD_FD_GUARDED = 3, /* in place of the plan, for a guard: the container's pidfd */
    TD_FD_REPORT = 4,
    TD_FD_PARENT = 5,  /* pidfd of the process that started the container */
    TD_FD_LOCK = 6,    /* the lock on the container's name, held until exec */
    TD_FD_CONSOLE = 7, /* socket to send the terminal's master to; absent without a terminal */
    TD_FD_INIT = 8,    /* tinydocker-init itself, closed by its exec */
    TD_FD_EXTRA = 9,   /* the first of at most TD_EXTRA_MAX that the caller adds: slots 0, 1, and so on */
};

#define TD_EXTRA_MAX 32u
/* The slot of TD_FD_REPORT: who started the init answers there once the guard runs. */
#define TD_REPORT_SLOT 253u
#define TD_JOINS_MAX 32u

struct td_plan {
    const struct td_plan_header *header;
    const struct td_step *steps;
    const char *strings;
};

/* Checks all that a step relies on: slots, offsets, lengths. Returns 0 or an errno; EPROTO for another version. */
int td_plan_decode(struct td_plan *plan, const void *bytes, size_t length);

const char *td_op_name(uint32_t op);

/* The kind of each field, at most TD_FIELDS_MAX, then TD_KIND_NONE. */
const uint8_t *td_kinds(uint32_t op);

/* Never NULL. */
const char *td_text(const struct td_plan *plan, struct td_text text);

/* Fills at most room entries and a NULL; returns how many strings there are. */
size_t td_list(const struct td_plan *plan, struct td_text text, const char **list, size_t room);

/* FNV-1a of the version, the layout and the table of steps; runtime/plan/codec.ts computes the same. */
uint32_t td_layout(void);

#endif
