#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "init.h"
#include "sys.h"

int step_seccomp(struct td_init *init, const struct td_seccomp *step) {
    size_t count = step->filter.length / sizeof(struct sock_filter);
    if (count > BPF_MAXINSNS)
        return EINVAL;
    struct sock_fprog program = {
        .len = (unsigned short)count,
        .filter = (struct sock_filter *)(uintptr_t)td_text(&init->plan, step->filter),
    };
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, step->flags, &program) == 0 ? 0 : errno;
}
