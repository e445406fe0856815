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
 * n: numbers, t: texts, both in this order. A slot is an index of a descriptor that a later step uses.
 * A path is the host's before PIVOT_ROOT and the container's after it, where no symlink of the image leads outside.
 */
#define TD_OPS(X)                                                                                                      \
    X(MKDIR)        /* n: mode; t: path. Missing parents are made too */                                               \
    X(WRITE)        /* n: mode; t: path, content. The file must be new */                                              \
    X(MOUNT)        /* n: MS_ flags; t: source, target, type, data. The target must be a directory, not a symlink */   \
    X(OPEN_TREE)    /* n: slot, AT_RECURSIVE or 0, expected device number or 0; t: path */                             \
    X(SETATTR)      /* n: slot, MOUNT_ATTR_ to set, AT_RECURSIVE or 0 */                                               \
    X(MOVE_MOUNT)   /* n: slot; t: path */                                                                             \
    X(TOUCH)        /* n: mode; t: path. An empty file for a mount to lie on; missing parents are made */              \
    X(PIVOT_ROOT)   /* n: slot that keeps the old root; t: new root */                                                 \
    X(DETACH)       /* n: slot of the old root */                                                                      \
    X(SYMLINK)      /* t: target, path */                                                                              \
    X(MASK)         /* t: path; done as well if there is none */                                                       \
    X(READONLY)     /* t: path; done as well if there is none */                                                       \
    X(ROOT_RDONLY)  /* the root's own mount */                                                                         \
    X(SETHOSTNAME)  /* t: name */                                                                                      \
    X(LINK_UP)      /* t: interface */                                                                                 \
    X(RLIMIT)       /* n: resource, soft limit (at most the hard one) */                                               \
    X(KEYRING)      /* a session keyring of its own */                                                                 \
    X(SETSID)                                                                                                          \
    X(TERMINAL)     /* n: owner's uid */                                                                               \
    X(UMASK)        /* n: mask */                                                                                      \
    X(CAPBSET)      /* n: capabilities to keep in the bounding set */                                                  \
    X(SETGROUPS)    /* t: little-endian uint32 each */                                                                 \
    X(SETGID)       /* n: gid */                                                                                       \
    X(SETUID)       /* n: uid */                                                                                       \
    X(CAPSET)       /* n: permitted and effective capabilities; inheritable and ambient become empty */                \
    X(NO_NEW_PRIVS)                                                                                                    \
    X(CHDIR)        /* t: path */                                                                                      \
    X(EXEC)         /* t: arguments, environment (each string ends with NUL), PATH */

enum td_op {
#define TD_OP_ENUM(name) TD_OP_##name,
    TD_OPS(TD_OP_ENUM)
#undef TD_OP_ENUM
    TD_OP_COUNT
};

enum td_plan_flag {
    TD_PLAN_TIMED = 1, /* report each step's time */
};

enum td_step_flag {
    TD_STEP_OPTIONAL = 1, /* a failure is reported, and the next step follows */
};

/* Bytes offset..offset+length of the string area, and a NUL after them. */
struct td_text {
    uint32_t offset;
    uint32_t length;
};

struct td_step {
    uint32_t op;
    uint32_t flags;
    uint64_t number[4];
    struct td_text text[4];
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
    TD_REPORT_STEP = 1,    /* done, nanoseconds holds its time */
    TD_REPORT_SKIPPED = 2, /* an optional step failed */
    TD_REPORT_FAILED = 3,  /* the last report */
    TD_REPORT_READY = 4,   /* execve is next; the end of the pipe after it means it succeeded */
};

#define TD_OBJECT_BYTES 232

struct td_report {
    uint32_t kind;
    uint32_t step;
    int32_t error;
    uint32_t reserved;
    uint64_t nanoseconds;
    char object[TD_OBJECT_BYTES]; /* what it failed on, where that is narrower than the step; ends with NUL */
};

_Static_assert(sizeof(struct td_text) == 8, "td_text");
_Static_assert(sizeof(struct td_step) == 72 && offsetof(struct td_step, text) == 40, "td_step");
_Static_assert(sizeof(struct td_plan_header) == 24, "td_plan_header");
_Static_assert(sizeof(struct td_report) == 256 && offsetof(struct td_report, object) == 24, "td_report");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the plan is little endian");

/* The descriptors tinydocker-init starts with, after 0, 1 and 2. */
enum td_fd {
    TD_FD_PLAN = 3,
    TD_FD_REPORT = 4,
    TD_FD_PARENT = 5,  /* pidfd of the process that started the container */
    TD_FD_LOCK = 6,    /* holds the container's name until exec */
    TD_FD_CONSOLE = 7, /* socket that takes the terminal's master; absent without a terminal */
    TD_FD_INIT = 8,    /* tinydocker-init itself, closed by its exec */
    TD_FD_END = 9,
};

struct td_plan {
    const struct td_plan_header *header;
    const struct td_step *steps;
    const char *strings;
};

/* Checks every offset, length and number a step's run relies on. Returns 0 or an errno; EPROTO for another version. */
int td_plan_decode(struct td_plan *plan, const void *bytes, size_t length);

const char *td_op_name(uint32_t op);

/* The text of a step; NULL for an empty one, as mount(2) takes absent strings. */
const char *td_text(const struct td_plan *plan, struct td_text text);

/* Strings that each end with NUL. Fills at most room entries and a NULL; returns how many there are. */
size_t td_list(const struct td_plan *plan, struct td_text text, const char **list, size_t room);

/* FNV-1a of the version, the layout and the names of the operations; runtime/plan/codec.ts computes the same. */
uint64_t td_layout(void);

#endif
