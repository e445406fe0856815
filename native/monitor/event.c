/* The log of events, which runtime/events/record.ts appends to as well. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "monitor.h"
#include "sys.h"

/* Then the older half is forgotten. */
#define LOG_BYTES_MAX (4 << 20)
#define WORDS_BYTES 96

/* From where the monitor writes, which is monitors/KEY in the state directory. */
#define LOG "../../events"

static void forget_older(int log) {
    struct stat stat;
    if (fstat(log, &stat) == 0 && stat.st_size > LOG_BYTES_MAX)
        (void)syscall(SYS_renameat, TD_FD_DIRECTORY, LOG, TD_FD_DIRECTORY, LOG ".1");
}

/* A line in one write, so that those of several writers do not mix. Where there is no room for it, nothing else fails. */
void record_event(const struct monitor *monitor, const char *action, const struct text *more) {
    struct td_text about = monitor->life->about;
    char words[WORDS_BYTES];
    struct text begin = {.bytes = words, .room = sizeof words};
    put(&begin, "{\"time\":");
    put_number(&begin, milliseconds(CLOCK_REALTIME), 1);
    put(&begin, ",\"action\":\"");
    put(&begin, action);
    put(&begin, "\",");
    struct iovec parts[] = {
        {.iov_base = begin.bytes, .iov_len = begin.length},
        {.iov_base = (void *)(uintptr_t)life_text(monitor, about), .iov_len = about.length},
        {.iov_base = more ? more->bytes : NULL, .iov_len = more ? more->length : 0},
        {.iov_base = "}}\n", .iov_len = 3},
    };
    int log = openat(TD_FD_DIRECTORY, LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0)
        return;
    (void)syscall(SYS_writev, log, parts, sizeof parts / sizeof *parts);
    forget_older(log);
    close(log);
}
