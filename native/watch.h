/* One thread watches every container of the process and tells Node through one pipe. */
#ifndef TD_WATCH_H
#define TD_WATCH_H

#include <stdatomic.h>

#include "shim.h"

struct container {
    uint32_t number;
    int pidfd;
    int report;
    int ready;           /* the init said that execve is next */
    atomic_int parts;    /* what must end before its exit is told: the process, and its terminal's copying */
    int32_t code;        /* si_code and si_status, once it ended */
    int32_t status;
    int console;         /* socket on which the terminal's master arrives, or -1 */
    atomic_int master;   /* or -1 */
    int outer[2];        /* the terminal it is shown on: input, output */
    int stop;            /* eventfd: the process ended, read no more input */
    struct container *next; /* of those with a terminal */
};

/* Starts the thread. Returns the descriptor Node reads, or -errno. */
int watch_open(void);

/* From here on the watcher owns it. Returns 0 or an errno. */
int watch_add(struct container *container);

void watch_tell(const struct td_event *event);

/* One of container->parts ended; the last one tells the exit and frees it. */
void watch_part_ended(struct container *container);

/* terminal.c: starts the thread that copies between the container's terminal and the outer one. */
int terminal_start(struct container *container);
void terminal_forget(struct container *container);

#endif
