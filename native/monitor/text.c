#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "monitor.h"

void put_bytes(struct text *text, const char *bytes, size_t length) {
    size_t room = text->room - text->length;
    size_t count = length < room ? length : room;
    memcpy(text->bytes + text->length, bytes, count);
    text->length += count;
}

void put(struct text *text, const char *words) { put_bytes(text, words, strlen(words)); }

void put_number(struct text *text, uint64_t number, unsigned digits_min) {
    char digits[20];
    unsigned at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10), number /= 10;
    while (number > 0 || sizeof digits - at < digits_min);
    put_bytes(text, digits + at, sizeof digits - at);
}

/* The words of Node.js, as in the messages of the commands. */
void put_error(struct text *text, int error) {
    static const struct {
        int error;
        char words[56];
    } known[] = {
        {EPERM, "EPERM, operation not permitted"},
        {ENOENT, "ENOENT, no such file or directory"},
        {ESRCH, "ESRCH, no such process"},
        {EIO, "EIO, i/o error"},
        {E2BIG, "E2BIG, argument list too long"},
        {ENOEXEC, "ENOEXEC, exec format error"},
        {EAGAIN, "EAGAIN, resource temporarily unavailable"},
        {ENOMEM, "ENOMEM, not enough memory"},
        {EACCES, "EACCES, permission denied"},
        {EBUSY, "EBUSY, resource busy or locked"},
        {EEXIST, "EEXIST, file already exists"},
        {ENODEV, "ENODEV, no such device"},
        {ENOTDIR, "ENOTDIR, not a directory"},
        {EISDIR, "EISDIR, illegal operation on a directory"},
        {EINVAL, "EINVAL, invalid argument"},
        {ENFILE, "ENFILE, file table overflow"},
        {EMFILE, "EMFILE, too many open files"},
        {ETXTBSY, "ETXTBSY, text file is busy"},
        {ENOSPC, "ENOSPC, no space left on device"},
        {EROFS, "EROFS, read-only file system"},
        {ENOSYS, "ENOSYS, function not implemented"},
        {ELOOP, "ELOOP, too many symbolic links encountered"},
        {ELIBBAD, "ELIBBAD, the interpreter or dynamic loader is missing"},
        {EDQUOT, "EDQUOT, quota exceeded"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].error == error) {
            put(text, known[i].words);
            return;
        }
    put(text, "errno "), put_number(text, (uint64_t)error, 1);
}

/* The civil date of a day since 1970, by Howard Hinnant's algorithm: years begin in March, so that a leap day is the last. */
static void put_date(struct text *text, uint64_t days) {
    uint64_t shifted = days + 719468, era = shifted / 146097, of_era = shifted % 146097;
    uint64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t from_march = (5 * of_year + 2) / 153;
    uint64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    put_number(text, year_of_era + era * 400 + (month <= 2), 4);
    put(text, "-");
    put_number(text, month, 2);
    put(text, "-");
    put_number(text, of_year - (153 * from_march + 2) / 5 + 1, 2);
}

void put_time(struct text *text, uint64_t seconds, uint32_t nanoseconds) {
    uint64_t of_day = seconds % 86400;
    put_date(text, seconds / 86400);
    put(text, "T");
    put_number(text, of_day / 3600, 2);
    put(text, ":");
    put_number(text, of_day / 60 % 60, 2);
    put(text, ":");
    put_number(text, of_day % 60, 2);
    put(text, ".");
    put_number(text, nanoseconds, 9);
    put(text, "Z");
}

uint64_t milliseconds(int clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

const char *life_text(const struct monitor *monitor, struct td_text text) {
    return (const char *)(monitor->life + 1) + text.offset;
}

void put_identity(struct text *text, long pid, const char *start_time, const char *boot) {
    put(text, "\"pid\":");
    put_number(text, (uint64_t)pid, 1);
    put(text, ",\"startTime\":\"");
    put(text, start_time);
    put(text, "\"");
    if (!boot)
        return;
    put(text, ",\"boot\":\"");
    put(text, boot);
    put(text, "\"");
}

/* Its start time tells it from others; startedAt is what people read, whatever becomes of the clock. */
void put_process(struct text *text, const struct monitor *monitor, const char *boot) {
    put_identity(text, monitor->pid, monitor->start_time, boot);
    put(text, ",\"startedAt\":");
    put_number(text, monitor->started_at, 1);
}

void identify_process(struct monitor *monitor) {
    read_start_time(monitor->pid, monitor->start_time);
    monitor->started_at = milliseconds(CLOCK_REALTIME);
}

/* Field 22; the second one may contain spaces and parentheses, and the third follows its last parenthesis. */
void read_start_time(long pid, char start_time[24]) {
    char path[40], stat[1024];
    struct text text = {.bytes = path, .room = sizeof path - 1};
    put(&text, "/proc/");
    put_number(&text, (uint64_t)pid, 1);
    put(&text, "/stat");
    path[text.length] = '\0';
    start_time[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, stat, sizeof stat - 1);
    if (fd >= 0)
        close(fd);
    stat[got < 0 ? 0 : got] = '\0';
    const char *at = strrchr(stat, ')');
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    size_t length = at ? strcspn(at + 1, " ") : 0;
    if (length == 0 || length >= 24)
        return;
    memcpy(start_time, at + 1, length);
    start_time[length] = '\0';
}
