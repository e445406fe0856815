/* Programs of tinydocker that the monitor starts. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "monitor.h"
#include "sys.h"

#define COMMAND_S_MAX 600

/* Each string ends with NUL. */
static char **list_of(const char *bytes, size_t length) {
    size_t count = 0;
    for (size_t at = 0; at < length; at++)
        count += bytes[at] == '\0';
    char **list = calloc(count + 1, sizeof *list);
    for (size_t i = 0, at = 0; list && i < count; i++) {
        list[i] = (char *)(uintptr_t)(bytes + at);
        at += strlen(bytes + at) + 1;
    }
    return list;
}

/* For lack of threads, Node.js waits for ever before it begins. What a command has not undone by then, the next one does. */
static void limit_time(void) {
    struct itimerval limit = {.it_value.tv_sec = COMMAND_S_MAX};
    (void)syscall(SYS_setitimer, ITIMER_REAL, &limit, NULL); /* execve keeps it */
}

void run_command(const struct monitor *monitor, struct td_text command, int output) {
    uint64_t none = 0;
    struct td_text variables = monitor->life->environment;
    if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0) {
        (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
        if (output >= 0)
            (void)syscall(SYS_dup3, output, 1, 0);
        (void)syscall(SYS_close_range, 3, ~0u, 0);
        (void)chdir("/");
        limit_time();
        char **arguments = list_of(life_text(monitor, command), command.length);
        char **environment = list_of(life_text(monitor, variables), variables.length);
        if (arguments && environment && arguments[0])
            execve(arguments[0], arguments, environment);
        _exit(1);
    }
}
