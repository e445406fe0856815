/* What the monitor writes into the container's journal. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor.h"
#include "sys.h"

#define LINE_BYTES_MAX 512

/* The journal is the file of the lock, open for appending. */
static int append(const struct text *line) {
    ssize_t written = write(TD_FD_LOCK, line->bytes, line->length);
    return written == (ssize_t)line->length ? 0 : written < 0 ? errno : ENOSPC;
}

int record_owner(const struct monitor *monitor) {
    char bytes[LINE_BYTES_MAX], start_time[24];
    struct text line = {.bytes = bytes, .room = sizeof bytes};
    long self = getpid();
    read_start_time(self, start_time);
    put(&line, "{\"monitor\":{");
    put_identity(&line, self, start_time, life_text(monitor, monitor->life->boot));
    put(&line, "}}\n");
    return append(&line);
}

/*
 * A line takes the place of the one before it if that is still the last: a container that is started again and again does not
 * make its journal grow.
 */
int record_process(const struct monitor *monitor) {
    static uint64_t line_at, line_end;
    char bytes[LINE_BYTES_MAX];
    struct text line = {.bytes = bytes, .room = sizeof bytes};
    struct stat stat;
    put(&line, "{\"entry\":{\"resource\":{\"kind\":\"process\",");
    put_process(&line, monitor, NULL);
    put(&line, "},\"until\":\"exit\",\"boot\":\"");
    put(&line, life_text(monitor, monitor->life->boot));
    put(&line, "\"}}\n");
    uint64_t size = fstat(TD_FD_LOCK, &stat) == 0 ? (uint64_t)stat.st_size : 0;
    if (line_end > 0 && size == line_end && syscall(SYS_ftruncate, TD_FD_LOCK, line_at) == 0)
        size = line_at;
    line_at = size, line_end = size + line.length;
    return append(&line);
}
