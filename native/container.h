/* A container as the threads of the shim share it, from its start until its exit is reported. */
#ifndef TD_CONTAINER_H
#define TD_CONTAINER_H

#include <stdatomic.h>
#include <stdint.h>

struct container {
    uint32_t number;        /* identifies it in events */
    atomic_int parts;       /* how many still run: the process, the copying of its terminal; then its exit is reported */
    int pidfd;
    int report;             /* pipe with the init's reports; -1 once it executed the command */
    int ready;              /* the init reported that execve is next */
    int ended;              /* the watcher reaped the process */
    int32_t code, status;   /* its si_code and si_status */
    int console;            /* socket on which the terminal's master arrives, or -1 without a terminal */
    int master;             /* the terminal's master, or -1; guarded by the registry's lock */
    int outer[2];           /* the caller's terminal, copied to and from: input, output; not closed here */
    int stop;               /* eventfd, written when the process ended, so that input ends; or -1 without a terminal */
    struct container *next; /* in the registry */
};

/* The descriptors that a container owns from its start; -1: none. */
struct container_ends {
    int report, console, stop;
};

/* Takes ownership of the ends; stdio stays the caller's. Returns NULL when out of memory. */
struct container *container_new(const struct container_ends *ends, const int32_t stdio[3]);

/* Called when a part ended. The last one frees the container and reports its exit, if the watcher saw it. */
void container_part_ended(struct container *container);

/* Called when the process ended: its terminal takes no more input, and ends once its output was read. */
void container_stop_input(const struct container *container);

/* -1: the master is about to be closed. */
void container_set_master(struct container *container, int master);

/* Calls use with that container while its master stays open; returns -ENOTTY if there is none with a terminal. */
int container_with_master(uint32_t number, int (*use)(const struct container *container));

#endif
