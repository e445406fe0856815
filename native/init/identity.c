/* Raw system calls: the C library's setuid also looks for other threads, and the init has none. */
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "init.h"
#include "sys.h"

#define GROUPS_MAX 1024

int step_capbset(struct td_init *init, const struct td_capbset *step) {
    (void)init;
    for (unsigned long number = 0; number < 64; number++) {
        if (step->capabilities >> number & 1)
            continue;
        /* EINVAL: the kernel has no capability with this number or a higher one. */
        if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0)
            return errno == EINVAL ? 0 : errno;
    }
    return 0;
}

int step_setgroups(struct td_init *init, const struct td_setgroups *step) {
    uint32_t groups[GROUPS_MAX];
    size_t bytes = step->groups.length;
    if (bytes > sizeof groups)
        return EINVAL;
    memcpy(groups, td_text(&init->plan, step->groups), bytes);
    return syscall(SYS_setgroups, bytes / sizeof groups[0], groups) == 0 ? 0 : errno;
}

int step_setgid(struct td_init *init, const struct td_setgid *step) {
    (void)init;
    uint32_t gid = (uint32_t)step->gid;
    return syscall(SYS_setresgid, gid, gid, gid) == 0 ? 0 : errno;
}

int step_setuid(struct td_init *init, const struct td_setuid *step) {
    (void)init;
    uint32_t uid = (uint32_t)step->uid;
    return syscall(SYS_setresuid, uid, uid, uid) == 0 ? 0 : errno;
}

int step_capset(struct td_init *init, const struct td_capset *step) {
    (void)init;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    uint64_t effective = step->effective, permitted = step->permitted;
    struct __user_cap_data_struct data[2] = {
        {.effective = (uint32_t)effective, .permitted = (uint32_t)permitted},
        {.effective = (uint32_t)(effective >> 32), .permitted = (uint32_t)(permitted >> 32)},
    };
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 || syscall(SYS_capset, &header, data) != 0)
        return errno;
    return 0;
}

int step_no_new_privs(struct td_init *init, const struct td_no_new_privs *step) {
    (void)init, (void)step;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno;
}
