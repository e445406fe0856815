/*
 * For tests: asks the running kernel what a filter returns. Reads the number of instructions, the instructions, and then calls (number
 * and six arguments, uint64 each) from standard input, and writes the result of each call (int64). The filter must
 * allow nothing, not even exit: the process that installed it ends by an invalid instruction.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../native/raw.h"

#define CALLS_MAX 65536

static struct call {
    uint64_t number, arguments[6];
} calls[CALLS_MAX];

static void *read_items(size_t size, size_t count) {
    void *items = calloc(count, size);
    if (!items || fread(items, size, count, stdin) != count)
        exit(2);
    return items;
}

int main(void) {
    uint32_t *count = read_items(sizeof *count, 1);
    struct sock_fprog program = {.len = (unsigned short)*count, .filter = read_items(sizeof(struct sock_filter), *count)};
    size_t total = fread(calls, sizeof calls[0], CALLS_MAX, stdin);
    int64_t *results = mmap(NULL, sizeof *results * CALLS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (results == MAP_FAILED)
        return 3;
    pid_t child = fork();
    if (child == 0) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
            _exit(errno);
        for (size_t i = 0; i < total; i++) {
            const uint64_t *a = calls[i].arguments;
            results[i] = td_raw_call((long)calls[i].number, (long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4], (long)a[5]);
        }
        __builtin_trap();
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
        return 4;
    fwrite(results, sizeof *results, total, stdout);
    fprintf(stderr, "%d\n", WTERMSIG(status));
    return 0;
}
