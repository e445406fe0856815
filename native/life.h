/* How a detached container lives, as td_detach passes it to tinydocker-monitor. runtime/host/life-options.ts writes the same. */
#ifndef TD_LIFE_H
#define TD_LIFE_H

#include "shim.h"

enum td_restart { TD_RESTART_NO, TD_RESTART_ON_FAILURE, TD_RESTART_ALWAYS };

enum td_life_flag {
    TD_LIFE_STDIN = 1,   /* the command's input is a pipe that stays open */
    TD_LIFE_GUARDED = 2, /* a guard ends it when the monitor is killed */
    TD_LIFE_AWAITS_STARTER = 4, /* which attaches first, and then writes the byte that the monitor waits for, itself */
    TD_LIFE_EXEC = 8, /* a command that is left in a container: of its end only an event is kept */
    TD_LIFE_MOVES_ON = 16, /* the guard is that of a second process, which does the rest of the plan */
};

/* The descriptors that the monitor starts with, after 0, 1 and 2, which are /dev/null. */
enum td_monitor_fd {
    TD_FD_SETTINGS = 4,  /* struct td_spawn_options, struct td_life and its text; 3 is the plan */
    TD_FD_CONTROL = 5,   /* the starter's socket: struct td_event until the command runs */
    TD_FD_DIRECTORY = 7, /* for the log, the exit and the socket; 6 is the lock on the name, 8 this program */
    TD_FD_CONTAINER_INIT = 9,
    TD_FD_OOM = 10, /* how many processes of its cgroup the kernel killed; or absent */
    TD_FD_CGROUP = 11,
    TD_FD_HEALTH = 12, /* the plan of a health check; or absent */
    TD_FD_SLOTS = 13, /* the init's first slots, then the cgroups v1 to join */
};

/* Followed by text, of which each td_text is a part. */
struct td_life {
    int32_t program;   /* tinydocker-monitor, open to be read */
    int32_t directory; /* where it writes */
    int32_t oom;       /* the file of its memory cgroup with oom_kill; or -1 */
    uint32_t restart;  /* td_restart */
    uint32_t restarts_max; /* of TD_RESTART_ON_FAILURE; 0: any number */
    uint32_t flags;    /* td_life_flag */
    uint32_t log_files_max; /* 0: the log has remarks alone */
    uint32_t text_bytes;
    uint64_t log_bytes_max; /* of a file of the log */
    struct td_text boot;        /* the boot's id */
    struct td_text command;     /* LIST: what undoes the rest after the end */
    struct td_text environment; /* LIST: of that command */
    struct td_text before;      /* netlink messages that are sent before it is started again; their failure is no matter */
    struct td_text health;      /* the plan of a health check; empty: there is none */
    struct td_text about;       /* what events say of the container: an object's members in JSON, the last one not closed */
    struct td_text others; /* LIST: a command that prints whose namespaces the next start joins; empty: it joins none */
    uint32_t interval_ms, timeout_ms, start_period_ms, start_interval_ms, retries; /* of health checks */
    uint32_t others_slot; /* the first of those with a process that is joined */
};

_Static_assert(sizeof(struct td_life) == 120 && offsetof(struct td_life, interval_ms) == 96 && offsetof(struct td_life, log_bytes_max) == 32, "td_life");

#define TD_LIFE_BYTES_MAX (1u << 20)

#endif
