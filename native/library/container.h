/* A container as the threads of the shim share it, from its start until its exit is reported. */
#ifndef TD_CONTAINER_H
#define TD_CONTAINER_H

#include <stdatomic.h>
#include <stdint.h>

struct container {
    uint32_t number;        /* identifies it in events */
    atomic_int parts;       /* how many still run: the process, a thread that copies, a guard; then its exit is reported */
    int pidfd;              /* guarded by the registry's lock where another thread than the watcher reads it */
    int first;              /* pidfd of the process that cloned it into another one, until that has ended; or -1 */
    int report;             /* pipe with the init's reports; -1 once it executed the command */
    int ready;              /* the init reported that execve is next */
    int ended;              /* the watcher reaped the process */
    int32_t code, status;   /* its si_code and si_status */
    int console;            /* socket on which the terminal's master arrives, or -1 without a terminal */
    int master;             /* the terminal's master, or -1; guarded by the registry's lock */
    int relayed[3];         /* our ends of the pipes that stand for the command's 0, 1 and 2; -1: it has outer itself */
    int outer[3];           /* copies of the caller's descriptors, to and from which bytes are copied; or -1 */
    int guard;              /* pidfd of what ends the container if this process is killed, or -1 */
    int stop;               /* eventfd, written when the process ended, so that input ends; or -1 if nothing is copied */
    struct container *next; /* in the registry */
    struct container *later; /* the next of those for which the watcher is to start something */
};

/* The descriptors that a container owns from its start; -1: none. */
struct container_ends {
    int report, console, relayed[3], outer[3], stop;
};

/* Takes ownership of the ends. Returns NULL when out of memory. */
struct container *container_new(const struct container_ends *ends);

/* The container with one part more, or NULL if it has ended. */
struct container *container_keep(uint32_t number);

/* Called when a part ended. The last one frees the container and reports its exit, if the watcher saw it. */
void container_part_ended(struct container *container);

/* Whether a thread copies for it, which is one of its parts. */
int container_is_copied(const struct container *container);

/* Called when the process ended: it takes no more input, and its output ends. Called again: what is left of that is dropped. */
void container_stop(const struct container *container);

/* -1: the master is about to be closed. */
void container_set_master(struct container *container, int master);

/* Another process goes on in place of the first one, which becomes a part of its own. */
void container_succeed(struct container *container, int pidfd);

/* Of the process that is or becomes the command; for threads other than that which watches it. */
int container_pidfd(const struct container *container);

/* Signals its process; -ESRCH if it has ended. */
int container_kill(uint32_t number, int signal);

/* Calls use while that container stays in the registry and its master open; returns -ESRCH if it is not there. */
int container_use(uint32_t number, int (*use)(const struct container *container));

#endif
