/*
 * The container's output as the Kubernetes CRI has it: `TIME stdout F text`, with P in place of F where a line does not end
 * yet. A line of the stream `monitor` is a remark of ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "monitor.h"
#include "sys.h"

/* What is written at once. */
#define BUFFER_BYTES (64 << 10)
#define PREFIX_BYTES_MAX 64

static struct {
    uint64_t bytes_max;
    uint32_t files_max;
    int fd;
    uint64_t size;
    uint64_t lost; /* bytes that could not be stored */
    char bytes[BUFFER_BYTES];
    size_t length;
} kept;

static void open_file(void) {
    struct stat stat;
    kept.fd = openat(TD_FD_DIRECTORY, "log", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    kept.size = kept.fd >= 0 && fstat(kept.fd, &stat) == 0 ? (uint64_t)stat.st_size : 0;
}

void log_open(const struct td_life *life) {
    kept.bytes_max = life->log_bytes_max;
    kept.files_max = life->log_files_max;
    open_file();
}

static void file_name(char *name, size_t room, uint32_t number) {
    struct text text = {.bytes = name, .room = room - 1};
    put(&text, "log");
    if (number > 0) {
        put(&text, ".");
        put_number(&text, number, 1);
    }
    name[text.length] = '\0';
}

/* kept.1 is the newest of the older ones. A reader that has one open reads it to its end. */
static void rotate(void) {
    char from[24], to[24];
    if (kept.fd >= 0)
        close(kept.fd);
    if (kept.files_max == 1)
        (void)syscall(SYS_unlinkat, TD_FD_DIRECTORY, "log", 0);
    for (uint32_t number = kept.files_max - 1; number > 0; number--) {
        file_name(from, sizeof from, number - 1);
        file_name(to, sizeof to, number);
        (void)syscall(SYS_renameat, TD_FD_DIRECTORY, from, TD_FD_DIRECTORY, to); /* it may not be there yet */
    }
    open_file();
}

/* All of it or nothing: half a line would be read as one. */
static int store(const char *bytes, size_t length) {
    if (kept.fd < 0)
        open_file();
    ssize_t written = kept.fd < 0 ? -1 : write(kept.fd, bytes, length);
    if (written == (ssize_t)length) {
        kept.size += length;
        return 1;
    }
    if (written > 0)
        (void)syscall(SYS_ftruncate, kept.fd, kept.size);
    return 0;
}

static void put_prefix(struct text *text, const char *stream, char tag) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    put_time(text, (uint64_t)now.tv_sec, (uint32_t)now.tv_nsec);
    put(text, " ");
    put(text, stream);
    put_bytes(text, (const char[]){' ', tag, ' '}, 3);
}

/* Until it can be said that something is missing, nothing more is stored: the gap has one place. */
static int say_lost(void) {
    char bytes[160];
    struct text text = {.bytes = bytes, .room = sizeof bytes};
    if (kept.lost == 0)
        return 1;
    put_prefix(&text, "monitor", 'F');
    put_number(&text, kept.lost, 1);
    put(&text, " bytes of the log could not be stored and are lost\n");
    if (!store(bytes, text.length))
        return 0;
    kept.lost = 0;
    return 1;
}

static void flush(void) {
    if (kept.length > 0 && (!say_lost() || !store(kept.bytes, kept.length)))
        kept.lost += kept.length;
    kept.length = 0;
}

static void add(const char *prefix, size_t prefix_length, const char *line, size_t length, int is_whole) {
    size_t bytes = prefix_length + length + 1;
    if (kept.length + bytes > sizeof kept.bytes)
        flush();
    if (kept.bytes_max > 0 && kept.size + kept.length + bytes > kept.bytes_max && kept.size + kept.length > 0) {
        flush();
        rotate();
    }
    char *to = kept.bytes + kept.length;
    memcpy(to, prefix, prefix_length);
    to[prefix_length - 2] = is_whole ? 'F' : 'P';
    memcpy(to + prefix_length, line, length);
    to[bytes - 1] = '\n';
    kept.length += bytes;
}

void log_write(const char *stream, const char *bytes, size_t length) {
    if (kept.files_max == 0)
        return;
    char prefix[PREFIX_BYTES_MAX] = "";
    struct text text = {.bytes = prefix, .room = sizeof prefix};
    put_prefix(&text, stream, 'F');
    for (const char *end = bytes + length; bytes < end;) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        size_t line = (size_t)((newline ? newline : end) - bytes);
        add(prefix, text.length, bytes, line, newline != NULL);
        bytes += line + (newline != NULL);
    }
    flush();
}

void log_remark(const char *words) {
    size_t length = strlen(words);
    char prefix[PREFIX_BYTES_MAX] = "";
    struct text text = {.bytes = prefix, .room = sizeof prefix};
    put_prefix(&text, "monitor", 'F');
    add(prefix, text.length, words, length, 1);
    flush();
}
