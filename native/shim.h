/*
 * The parent half, loaded into Node by runtime/host/shim.ts. It never exits or prints, and changes the process it runs in
 * only where td_catch says so.
 */
#ifndef TD_SHIM_H
#define TD_SHIM_H

#include "netlink.h"
#include "plan.h"

#define TD_API __attribute__((visibility("default")))

enum td_event_kind {
    /* 1 to 3 as in td_report_kind */
    TD_EVENT_EXECUTED = 4, /* the init became the command */
    TD_EVENT_EXITED = 5,   /* error: si_code, status: si_status, as waitid(2) says */
    TD_EVENT_TYPED = 6,    /* status: the signal whose character was typed at the terminal */
    TD_EVENT_STARTED = 8,  /* of a monitor, its first: status is the pid, or error and step say where it failed */
    TD_EVENT_SIGNAL = 7,   /* status: a signal of td_catch that this process got; container: 0 */
    TD_EVENT_CLONED = 8,   /* status: the pid of the process that does the rest of the plan, in place of the first one */
};

/* What the shim's threads write into the pipe of the events, one event per write. */
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

/* A line of uid_map or gid_map, see user_namespaces(7). */
struct td_id_map {
    uint32_t inside;
    uint32_t outside;
    uint32_t count; /* 0: the map is not written */
};

/* What td_spawn starts. Descriptors stay open, and the caller closes them; -1: none. */
struct td_spawn_options {
    uint64_t namespaces; /* CLONE_NEW* */
    int32_t stdio[3];    /* the command's 0, 1 and 2 */
    int32_t lock;        /* kept open by the init until it executes the command; or -1 */
    int32_t cgroup;      /* directory of the cgroup2 to start in; while it is frozen, td_spawn does not return */
    uint32_t terminal;   /* 1: the container gets its own terminal, copied from stdio[0] and to stdio[1] */
    /* Both or none, and only with CLONE_NEWUSER; setgroups(2) is denied then. None: the caller has them written, and the init has to wait. */
    struct td_id_map uid_map, gid_map;
    uint32_t extra_count;
    uint32_t joins_count;
    int32_t extra[TD_EXTRA_MAX]; /* the init's first slots; the command does not get them */
    int32_t joins[TD_JOINS_MAX]; /* the file tasks of a cgroup v1 each, which the process moves into before its exec */
    uint32_t relayed;            /* bits 0 to 2: a pipe, copied to or from stdio[i], stands for the command's; without a terminal */
    uint32_t reserved;           /* 0 */
};

_Static_assert(sizeof(struct td_id_map) == 12, "td_id_map");
_Static_assert(sizeof(struct td_spawn_options) == 328 && offsetof(struct td_spawn_options, lock) == 20 &&
                   offsetof(struct td_spawn_options, uid_map) == 32 && offsetof(struct td_spawn_options, extra) == 64 &&
                   offsetof(struct td_spawn_options, joins) == 192,
               "td_spawn_options");

/* What td_spawn returns. */
struct td_spawned {
    int32_t pid;
    int32_t pidfd;      /* the caller closes it, unless td_spawn failed */
    uint32_t container; /* identifies it in events */
    uint32_t stage;     /* where it failed: td_stage */
};

_Static_assert(sizeof(struct td_spawned) == 16, "td_spawned");

enum td_stage { TD_STAGE_PREPARE, TD_STAGE_CLONE, TD_STAGE_CGROUP, TD_STAGE_USER_MAP, TD_STAGE_DESCRIPTORS, TD_STAGE_EXEC };

/* Every function returns 0 or more on success and -errno on failure, except td_abi. */

/* Raised when a function below is added or changed: a library compiled before has another td_abi. */
#define TD_FUNCTIONS 11

/*
 * A hash of the layouts above and in plan.h, and of TD_FUNCTIONS; runtime/host/events.ts, runtime/host/spawn-options.ts
 * and runtime/plan/codec.ts compute the same.
 */
TD_API uint64_t td_abi(void);

/*
 * Called once per process: copies tinydocker-init, starts the watcher thread. Returns the descriptor of the events. After
 * a failure it can be called again; -EALREADY after a success.
 */
TD_API int td_open(const uint8_t *init, size_t length);

/*
 * Starts tinydocker-init with the plan, which is a separate argument because the options contain no pointer. Blocks the
 * calling thread until the init is executed. -EINVAL: the options are not valid.
 */
TD_API int td_spawn(const uint8_t *plan, size_t length, const struct td_spawn_options *options,
                    struct td_spawned *spawned);

/*
 * The same with a monitor as the parent, so that the container outlives this process. `life`: struct td_life of life.h and its
 * text. Blocks until the process was made. spawned->container is a nonblocking socket, which the caller closes: it carries struct td_event
 * until the command runs or the container has ended, and closes then.
 */
TD_API int td_detach(const uint8_t *plan, size_t plan_length, const struct td_spawn_options *options,
                     const uint8_t *life, size_t life_length, struct td_spawned *spawned);

/*
 * Starts a process that kills the container when this one ends, also if the container's death signal was cleared. It ends with
 * the container. -ESRCH: that has ended.
 */
TD_API int td_guard(uint32_t container);

/*
 * The same on the watcher's thread, for which this call does not wait. A plan awaits it in TD_REPORT_SLOT, and goes on also
 * where none can be started.
 */
TD_API int td_guard_aside(uint32_t container);

/* After its process ended: drops the output that is still to be copied. */
TD_API int td_drop_output(uint32_t container);

/* Sends a signal to the process, which after TD_EVENT_CLONED is not the first one. -ESRCH: it has ended. */
TD_API int td_kill(uint32_t container, int number);

/* Sets the size of the container's terminal to that of the caller's. */
TD_API int td_resize(uint32_t container);

/* Returns the foreground process group of the container's terminal, as a pid of this namespace. */
TD_API int td_foreground(uint32_t container);

/* Catches a signal of the process from now on, and reports it as an event. */
TD_API int td_catch(int number);

TD_API int td_signal(int pidfd, int number);
TD_API int td_pidfd(int pid);

/* Waits for the end of a process, which need not be a child. -ETIME after milliseconds. */
TD_API int td_wait(int pidfd, int milliseconds);

/* flock(2), exclusive, without waiting. -EAGAIN when another process holds the lock. */
TD_API int td_lock(int fd);

/* Closes a descriptor that td_spawn, td_pidfd or td_open_inside returned. */
TD_API int td_close(int fd);

/* Opens a file for reading, as a process whose root directory is root would. */
TD_API int td_open_inside(const char *root, const char *path);

/*
 * Removes a directory and everything below it, however deep, without following symlinks or mounts. Returns 0 also when
 * it does not exist, and -EAGAIN after entries_max entries, with the rest still there; UINT32_MAX: no limit.
 */
TD_API int td_remove(const char *path, uint32_t entries_max);

/* Writes to the disk all that was written to the file system of a directory. */
TD_API int td_sync(const char *directory);

/* Extended attributes of a file, or of a symlink itself. The last two return a length, and -ERANGE where there is no room. */
TD_API int td_set_attribute(const char *path, const char *name, const uint8_t *value, size_t length);
TD_API int td_list_attributes(const char *path, char *names, size_t room);
TD_API int td_get_attribute(const char *path, const char *name, uint8_t *value, size_t room);

/* mknod(2): a device, with the type in the mode. */
TD_API int td_make_node(const char *path, unsigned mode, unsigned major, unsigned minor);

/*
 * Puts a file in the place of another, or where there is none, at once. Unlike rename(2), on ext4 it does not begin to write the
 * file to the disk, which the next one would wait for; so it may be lost or empty after a loss of power.
 */
TD_API int td_replace(const char *from, const char *to);

/* pipe2(2): the end to read from, and the other one; the caller closes both. */
TD_API int td_pipe(int32_t ends[2]);

/* The index of a link in this thread's network namespace; -ENODEV if there is none. */
TD_API int td_link_index(const char *name);

/* A netlink socket (NETLINK_ROUTE, NETLINK_NETFILTER) in this thread's network namespace; the caller closes it. */
TD_API int td_netlink_open(int protocol);

/* netlink_exchange: see netlink.h. */
TD_API int td_netlink(int fd, const uint8_t *messages, size_t length, uint8_t *replies, size_t room,
                      struct td_netlink_outcome *outcome);

/* netlink_transaction: see netlink.h. */
TD_API int td_netlink_transaction(int fd, const uint8_t *messages, size_t length, struct td_netlink_outcome *outcome);

/*
 * Lets a program of BPF_PROG_TYPE_CGROUP_DEVICE decide which devices the processes of a cgroup v2 can use; it lasts as long
 * as the cgroup. cgroup: its directory.
 */
TD_API int td_cgroup_devices(int cgroup, const uint8_t *code, size_t length);

/* Sets a terminal to raw mode, as cfmakeraw(3). td_restore undoes that, if there is something to undo. */
TD_API int td_raw(int fd);
TD_API int td_restore(int fd);

/* A digest's state, between its begin and its end. */
#define TD_DIGEST_BYTES 128
/* In bytes. */
#define TD_DIGEST_LENGTH 32

/* SHA-256. state: aligned as for a pointer. Returns -ENOSYS in a program without OpenSSL. */
TD_API int td_digest_begin(uint8_t *state, size_t length);
TD_API int td_digest_add(uint8_t *state, const uint8_t *bytes, size_t length);
TD_API int td_digest_end(uint8_t *state, uint8_t *digest);

/* What td_gunzip keeps from one call to the next, and leaves free in what it writes to. */
#define TD_GUNZIP_BYTES 49152
#define TD_GUNZIP_WINDOW 32768

struct td_gunzipped {
    uint32_t read;
    uint32_t written;
    /* Nothing more has to come. */
    uint32_t ended;
};

/*
 * Decompresses what gzip compressed, as far as the input or the room goes. state: TD_GUNZIP_BYTES of zeros at first, aligned as
 * for a pointer. The first TD_GUNZIP_WINDOW bytes of out are for earlier output; what is made follows them. Returns 0 or an
 * inflate_error of inflate.h.
 */
TD_API int td_gunzip(uint8_t *state, size_t state_length, const uint8_t *in, size_t in_length, uint8_t *out,
                     size_t out_length, struct td_gunzipped *done);

#endif
