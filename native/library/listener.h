/* A function of Node.js that gets the events. */
#ifndef TD_LISTENER_H
#define TD_LISTENER_H

#include "node-api.h"

/* Makes function the one that gets them; it does not keep Node.js running. Returns 0 or -errno. */
int listener_open(napi_env env, napi_value function);

/* Undoes that, before listener_start. */
void listener_close(void);

/* Hands it each event that can be read from the descriptor, on Node's thread, from now on. Returns 0 or -errno. */
int listener_start(int events);

/* Whether Node.js is to run until this is called again. */
void listener_keep_running(napi_env env, int keep);

#endif
