/* tinydocker-init: runs the plan inside the new namespaces, then becomes the command. One thread, no policy. */
#ifndef TD_INIT_H
#define TD_INIT_H

#include "plan.h"

struct td_init {
    struct td_plan plan;
    uint32_t step;
    int slots[TD_SLOTS_MAX];
    int root;           /* the container's root, from PIVOT_ROOT or SETNS on; before it, -1 */
    int masked;         /* the first masked directory, which is mounted again on the next ones; before it, -1 */
    int entered;        /* whether it is in the command's working directory */
    const char *object; /* what a step failed on, where that is more specific than the step */
};

/* step_mkdir, step_write and so on; each returns 0 or an errno. */
#define TD_FUNCTION(op, name, fields) int step_##name(struct td_init *init, const struct td_##name *step);
TD_STEPS(TD_FUNCTION, TD_NO_FIELD)
#undef TD_FUNCTION

/* report.c */
void report(uint32_t kind, uint32_t step, int error, uint64_t nanoseconds, const char *object);
void report_clone(uint32_t step, int32_t pid);

/* guard.c: what tinydocker-init does under the name tinydocker-guard. Returns its exit code. */
int guard(void);

#endif
