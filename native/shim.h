/* The parent half, loaded into Node by runtime/host/shim.ts. Nothing here exits, prints, or changes the process it runs in. */
#ifndef TD_SHIM_H
#define TD_SHIM_H

#include "plan.h"

#define TD_API __attribute__((visibility("default")))

enum td_event_kind {
    /* 1 to 3 as in td_report_kind */
    TD_EVENT_EXECUTED = 4, /* the init became the command */
    TD_EVENT_EXITED = 5,   /* error: si_code, status: si_status, as waitid(2) says */
    TD_EVENT_TYPED = 6,    /* status: the signal whose character was typed at the terminal */
};

/* What the watching thread writes, whole, into the pipe that Node reads. */
struct td_event {
    uint32_t kind;
    uint32_t container;
    uint32_t step;
    int32_t error;
    int32_t status;
    uint32_t reserved;
    uint64_t nanoseconds;
    char object[TD_OBJECT_BYTES];
};

_Static_assert(sizeof(struct td_event) == 264 && offsetof(struct td_event, object) == 32, "td_event");

/* What td_spawn gives back. */
struct td_spawned {
    int32_t pid;
    int32_t pidfd;      /* the caller's to close */
    uint32_t container; /* the number its events carry */
    uint32_t stage;     /* where it failed: td_stage */
};

_Static_assert(sizeof(struct td_spawned) == 16, "td_spawned");

enum td_stage { TD_STAGE_PREPARE, TD_STAGE_CLONE, TD_STAGE_USER_MAP, TD_STAGE_DESCRIPTORS, TD_STAGE_EXEC };

/* Every function returns 0 or more on success and -errno on failure, except td_abi. */

/* Changes whenever runtime/plan/codec.ts must. */
TD_API uint64_t td_abi(void);

/* Once per process: keeps a sealed copy of tinydocker-init, starts the thread. Returns the events' descriptor. */
TD_API int td_open(const uint8_t *init, size_t length);

/*
 * Starts tinydocker-init in the namespaces of flags (CLONE_NEW*), with the plan. stdio: three descriptors. lock: a
 * descriptor the init keeps open until it executes the command. identity: uid and gid to be root in a new user
 * namespace; only with CLONE_NEWUSER. terminal: 1 when descriptors stdio[0] and stdio[1] are a terminal the container
 * gets one of its own for.
 */
TD_API int td_spawn(const uint8_t *plan, size_t length, uint64_t flags, const int32_t *stdio, int lock,
                    const uint32_t *identity, int terminal, struct td_spawned *spawned);

/* Gives the container's terminal the size of the one it is shown on. */
TD_API int td_resize(uint32_t container);

/* The group at the foreground of the container's terminal, as a pid of this namespace. */
TD_API int td_foreground(uint32_t container);

TD_API int td_signal(int pidfd, int number);
TD_API int td_pidfd(int pid);

/* Waits for the end of a process that need not be a child. -ETIME after milliseconds. */
TD_API int td_wait(int pidfd, int milliseconds);

/* flock(2), exclusive, without waiting. -EAGAIN when another holds it. */
TD_API int td_lock(int fd);

/* Opens a file for reading as a process whose root is root would. */
TD_API int td_open_inside(const char *root, const char *path);

/*
 * Removes a directory and all below, however deep, without following anything. 0 also when there is none. -EAGAIN after
 * entries_max of them, with the rest still there; UINT32_MAX: without a limit.
 */
TD_API int td_remove(const char *path, uint32_t entries_max);

/* Raw mode, as cfmakeraw(3); td_restore undoes it and may be called at any time. */
TD_API int td_raw(int fd);
TD_API int td_restore(int fd);

#endif
