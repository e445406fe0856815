/* tinydocker-init: runs the plan inside the new namespaces, then becomes the command. One thread, no policy. */
#ifndef TD_INIT_H
#define TD_INIT_H

#include "plan.h"

struct td_init {
    struct td_plan plan;
    uint32_t step;
    int slots[TD_SLOTS_MAX];
    int root;           /* the container's root, once it is ours; before, -1 */
    int masked;         /* the first masked directory, which the next ones show again; before, -1 */
    const char *object; /* what a failing step failed on, where that is narrower than the step */
};

/* Each returns 0 or an errno. */
typedef int td_run(struct td_init *init, const struct td_step *step);

/* place.c */
td_run step_mkdir, step_write, step_touch, step_symlink;
/* Opens a path of the container below its own root; needs PIVOT_ROOT. Returns a descriptor, or -1 and errno. */
int open_inside(const struct td_init *init, const char *path, int flags);

/* mount.c */
td_run step_mount, step_open_tree, step_setattr, step_move_mount, step_pivot_root, step_detach, step_mask, step_readonly,
    step_root_rdonly;

/* machine.c */
td_run step_sethostname, step_link_up, step_rlimit, step_keyring, step_setsid, step_terminal, step_umask;

/* identity.c */
td_run step_capbset, step_setgroups, step_setgid, step_setuid, step_capset, step_no_new_privs;

/* command.c */
td_run step_chdir, step_exec;

/* init.c: dies with the process that started the container, from now on also if its identity changed in between. */
int die_with_parent(void);
void report(uint32_t kind, uint32_t step, int error, uint64_t nanoseconds, const char *object);
/* Nothing but 0, 1 and 2 reaches the command. */
int close_on_exec(void);

#endif
