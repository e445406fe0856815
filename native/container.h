/* A container as the threads of the shim share it, from its start until its exit is reported. */
#ifndef TD_CONTAINER_H
#define TD_CONTAINER_H

#include <stdatomic.h>
#include <stdint.h>

struct container {
    uint32_t number;        /* what its events carry */
    atomic_int parts;       /* still to end before its exit is reported: the process, the copying of its terminal */
    int pidfd;
    int report;             /* the init's reports arrive here, until it executed the command; then -1 */
    int ready;              /* the init reported that execve is next */
    int ended;              /* the watcher reaped the process */
    int32_t code, status;   /* its si_code and si_status */
    int console;            /* socket on which the terminal's master arrives, or -1 without a terminal */
    int master;             /* the terminal's master, or -1; guarded by the registry's lock */
    int outer[2];           /* the terminal it is shown on: input, output; the caller's */
    int stop;               /* eventfd: the process ended, read no more input; or -1 without a terminal */
    struct container *next; /* in the registry */
};

/* The descriptors a container owns from its start on; -1 for none. */
struct container_ends {
    int report, console, stop;
};

/* Takes the ends; stdio: the caller's descriptors. Returns NULL without memory. */
struct container *container_new(const struct container_ends *ends, const int32_t stdio[3]);

/* One of the parts ended. The last one frees the container and reports its exit, if the watcher saw it. */
void container_part_ended(struct container *container);

/* The process ended: its terminal takes no more input, and ends once its output was read. */
void container_stop_input(const struct container *container);

/* -1: the master is about to be closed. */
void container_set_master(struct container *container, int master);

/* Calls use with the container of that number while its master stays open; -ENOTTY if there is none with a terminal. */
int container_with_master(uint32_t number, int (*use)(const struct container *container));

#endif
