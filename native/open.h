#ifndef TD_OPEN_H
#define TD_OPEN_H

#include <stddef.h>
#include <stdint.h>

/* What td_open made for every start; -1 before it. */
struct opened {
    int init; /* memfd with tinydocker-init: a container can't reach a file of the host by it (CVE-2019-5736) */
    int self; /* pidfd of this process */
};

extern struct opened opened;

#endif
