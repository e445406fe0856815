#ifndef TD_MONITOR_HEALTH_H
#define TD_MONITOR_HEALTH_H

#include "monitor.h"

struct pollfd;

#define CHECK_OUTPUT_MAX 4096
/* The exit code of a check that could not be run, or took too long: as docker's. */
enum { CHECK_FAILED = -1 };

/* check.c */
int check_start(const struct monitor *monitor); /* returns 0 or an errno */
int check_runs(void);
void check_kill(void);
void check_close(void);
size_t check_watch(struct pollfd *fds);
void check_read(void);
int check_reaped(long pid, int status, int *code); /* whether that was its end */
const struct text *check_text(void);               /* what it printed */
void check_say(const char *words);                 /* in place of that */

#endif
