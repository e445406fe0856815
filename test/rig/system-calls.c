/*
 * Makes system calls: each argument is NUMBER[,ARGUMENT…], or `compat,NUMBER`, which is one of 32-bit x86. Prints each errno, 0
 * for success, and runs on as one process where a call made a second one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long call(const char *text) {
    long a[7] = {0};
    char *end = (char *)text;
    for (int i = 0; i < 7; i++) {
        a[i] = (long)strtoull(end, &end, 0);
        if (*end++ != ',')
            break;
    }
    return syscall(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
}

static long compat(const char *number) {
#if defined(__x86_64__)
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(strtol(number, NULL, 0)), "b"(0) : "memory", "r8", "r9", "r10", "r11");
    errno = result < 0 ? (int)-result : 0;
    return result < 0 ? -1 : result;
#else
    (void)number;
    return 0;
#endif
}

int main(int count, char **arguments) {
    for (int i = 1; i < count; i++) {
        pid_t self = (pid_t)syscall(SYS_getpid);
        errno = 0;
        long result = strncmp(arguments[i], "compat,", 7) == 0 ? compat(arguments[i] + 7) : call(arguments[i]);
        if (result == 0 && (pid_t)syscall(SYS_getpid) != self)
            _exit(0);
        printf("%d\n", result == -1 ? errno : 0);
        fflush(stdout);
    }
    return 0;
}
