/*
 * For tests: compiles profiles with libseccomp. Reads one after the other from standard input, and writes each one's filter after
 * its length (uint32). Names that this libseccomp does not know go to standard error.
 *
 *   profile MACHINE ACTION     numbers of SCMP_ARCH_ and SCMP_ACT_
 *   rule ACTION NAME [INDEX OPERATOR VALUE VALUE2]…
 *   end
 */
#include <errno.h>
#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void check(const char *what, int error) {
    if (error == 0)
        return;
    fprintf(stderr, "%s: %s\n", what, strerror(-error));
    exit(1);
}

static scmp_filter_ctx begin(uint32_t machine, uint32_t action) {
    scmp_filter_ctx filter = seccomp_init(action);
    if (!filter)
        check("seccomp_init", -ENOMEM);
    check("bad architecture", seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
    if (machine != seccomp_arch_native()) {
        check("seccomp_arch_add", seccomp_arch_add(filter, machine));
        check("seccomp_arch_remove", seccomp_arch_remove(filter, seccomp_arch_native()));
    }
    return filter;
}

static void add_rule(scmp_filter_ctx filter, char *words) {
    struct scmp_arg_cmp args[6];
    char name[64];
    uint32_t action, index, operator;
    uint64_t first, second;
    int read, used;
    unsigned count = 0;
    if (sscanf(words, "%" SCNu32 " %63s%n", &action, name, &read) != 2)
        check(words, -EINVAL);
    for (; count < 6 && sscanf(words + read, "%" SCNu32 " %" SCNu32 " %" SCNu64 " %" SCNu64 "%n", &index, &operator, &first,
                               &second, &used) == 4;
         read += used)
        args[count++] = SCMP_CMP64(index, (enum scmp_compare)operator, first, second);
    int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) {
        fprintf(stderr, "%s\n", name);
        return;
    }
    int error = seccomp_rule_add_array(filter, action, number, count, args);
    if (error != -EEXIST)
        check(words, error);
}

static void write_filter(scmp_filter_ctx filter) {
    char bytes[1 << 16];
    int file = memfd_create("filter", 0);
    check("seccomp_export_bpf", seccomp_export_bpf(filter, file));
    lseek(file, 0, SEEK_SET);
    ssize_t got = read(file, bytes, sizeof bytes);
    if (got < 0)
        check("read", -errno);
    uint32_t length = (uint32_t)got;
    fwrite(&length, sizeof length, 1, stdout);
    fwrite(bytes, length, 1, stdout);
    close(file);
    seccomp_release(filter);
}

int main(void) {
    char line[1024];
    uint32_t machine, action;
    scmp_filter_ctx filter = NULL;
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "profile %" SCNu32 " %" SCNu32, &machine, &action) == 2)
            filter = begin(machine, action);
        else if (strncmp(line, "rule ", 5) == 0)
            add_rule(filter, line + 5);
        else
            write_filter(filter);
    }
    return 0;
}
