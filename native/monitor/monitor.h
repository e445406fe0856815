/*
 * tinydocker-monitor: the parent of a detached container, which ends with it. It keeps the container's output and how it
 * ended, starts it again where its restart policy says so, and in the end starts a command that undoes the rest.
 */
#ifndef TD_MONITOR_H
#define TD_MONITOR_H

#include <stddef.h>

#include "life.h"

struct monitor {
    const struct td_spawn_options *options;
    const struct td_life *life;
    /* Of the present start; -1: none. */
    int pidfd, report, input, output, errors, console, master;
    long pid, guard;
    char start_time[24];
    uint64_t started_at; /* milliseconds since 1970 */
    int status;    /* what wait4 stored, once `ended` */
    int ready;     /* the init reported that execve is next */
    int executed;  /* the command runs, or ran, in this start */
    int ended;     /* the process was reaped */
    int stopping;  /* it is not started again */
    int asked;     /* by somebody, and not because this machine ends its processes */
    int control;   /* -1 once the first start is over */
    uint64_t oom;  /* the count at the start */
    uint64_t began; /* milliseconds of CLOCK_MONOTONIC */
    uint32_t restarts;
    uint32_t delay; /* milliseconds before the last restart */
};

static inline int is_exec(const struct monitor *monitor) { return (monitor->life->flags & TD_LIFE_EXEC) != 0; }

/* start.c. Returns 0 or an errno, with the td_stage where it failed; what was opened is then closed. */
int start(struct monitor *monitor, int *stage);
void close_start(struct monitor *monitor);
void start_guard(struct monitor *monitor);

/* report.c: what the starter is told. */
void tell(struct monitor *monitor, const struct td_event *event);
void read_reports(struct monitor *monitor);

/* journal.c. Both return 0 or an errno. */
int record_owner(const struct monitor *monitor);
int record_process(const struct monitor *monitor);

/* log.c. `bytes` are what was read at once from the stream. */
void log_open(const struct td_life *life);
void log_write(const char *stream, const char *bytes, size_t length);
void log_remark(const char *text);

/* attach.c. */
struct pollfd;
#define ATTACH_FDS_MAX 18
void attach_open(void);
void attach_accept(void);
void attach_send(uint32_t kind, const char *bytes, size_t length); /* td_frame */
void attach_finish(const char *record, size_t length);
void attach_close(void);
void attach_resize(const struct monitor *monitor); /* its terminal has come */
size_t attach_watch(const struct monitor *monitor, struct pollfd *fds); /* how many it stored */
void attach_ready(struct monitor *monitor, const struct pollfd *fds, size_t count);

/* health.c; all but the first two do nothing while no check runs, or is to come. */
#define HEALTH_FDS 2
void health_reset(const struct monitor *monitor); /* at a start */
void health_begin(const struct monitor *monitor); /* the command runs */
void health_end(void);                            /* it has ended */
int health_timeout(void);                         /* for poll(2) */
size_t health_watch(struct pollfd *fds);
void health_act(const struct monitor *monitor); /* after poll */
void health_reaped(const struct monitor *monitor, long pid, int status);

/* exit.c. */
enum { NOT_STARTED = 125 }; /* the exit code of a start that failed */
uint64_t oom_kills(void);
void end_rest(const struct monitor *monitor); /* what the command started, where no pid namespace ends it */
int should_restart(struct monitor *monitor);
void lengthen_delay(struct monitor *monitor);
int reserve_exit(void); /* room for its record: a descriptor for on_disk(), or -1 */
int on_disk(int fd);    /* closes it; returns whether what was written there is on the disk */
void tell_of_end(const struct monitor *monitor);
void record_exit(const struct monitor *monitor);
void run_exit_command(const struct monitor *monitor);

/* command.c. `output`: what it prints to; or -1. */
void run_command(const struct monitor *monitor, struct td_text command, int output);

/* others.c. */
enum others { OTHERS_RUN, OTHERS_STOPPED, OTHERS_REMOVED }; /* all of them; at least one */
enum others renew_others(const struct monitor *monitor); /* before a further start */

/* text.c: text in a buffer of fixed size; what has no room is left out. */
struct text {
    char *bytes;
    size_t room, length;
};
void put_bytes(struct text *text, const char *bytes, size_t length);
void put(struct text *text, const char *words);
void put_number(struct text *text, uint64_t number, unsigned digits_min);
void put_error(struct text *text, int error); /* its name and words, as of strerror(3) */
void put_time(struct text *text, uint64_t seconds, uint32_t nanoseconds); /* RFC 3339 */
uint64_t milliseconds(int clock);
void read_start_time(long pid, char start_time[24]); /* as proc_pid_stat(5) has it; empty: there is no such process */
void put_identity(struct text *text, long pid, const char *start_time, const char *boot);
void identify_process(struct monitor *monitor);
void put_process(struct text *text, const struct monitor *monitor, const char *boot);

/* event.c. `more`: further attributes, each after a comma; or NULL. */
void record_event(const struct monitor *monitor, const char *action, const struct text *more);

const char *life_text(const struct monitor *monitor, struct td_text text);

#endif
