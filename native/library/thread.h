/* The shim's own threads. */
#ifndef TD_THREAD_H
#define TD_THREAD_H

/* Starts a detached thread with every signal blocked; its name is at most 15 bytes. Returns 0 or an errno. */
int thread_start(const char *name, void *(*run)(void *), void *argument);

#endif
