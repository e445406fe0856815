#ifndef TD_OPEN_H
#define TD_OPEN_H

#include <stddef.h>
#include <stdint.h>

/* What td_open opened for all starts; before it, -1. */
struct opened {
    int init; /* memfd with tinydocker-init: through it, a container can't reach a file of the host (CVE-2019-5736) */
    int self; /* pidfd of this process */
};

extern struct opened opened;

#endif
