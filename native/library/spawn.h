#ifndef TD_SPAWN_H
#define TD_SPAWN_H

#include "shim.h"

/* A memfd with the plan, or -errno. */
int plan_file(const uint8_t *plan, size_t length);

int options_valid(const struct td_spawn_options *options);

#endif
