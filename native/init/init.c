#include "init.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#include "sys.h"

#define SIGNALS 64

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* So that ps shows where a container that does not start is stuck. */
static void show_stage(uint32_t op) {
    char name[16] = "td:";
    strncpy(name + 3, td_op_name(op), sizeof name - 4);
    (void)prctl(PR_SET_NAME, name); /* the name is only for people to read */
}

static int close_all_on_exec(void) {
    return syscall(SYS_close_range, TD_FD_PLAN, ~0u, TD_CLOSE_RANGE_CLOEXEC) == 0 ? 0 : errno;
}

int step_close_on_exec(struct td_init *init, const struct td_close_on_exec *step) {
    (void)init, (void)step;
    return close_all_on_exec();
}

/* What rt_sigaction(2) takes; all zero: SIG_DFL. */
struct kernel_sigaction {
    uint64_t handler, flags, restorer, mask;
};

/* Node ignores SIGPIPE; the clone reset handlers but not ignored signals, and the command would inherit those. */
static void reset_signals(void) {
    static const struct kernel_sigaction by_default;
    for (int number = 1; number <= SIGNALS; number++)
        (void)syscall(SYS_rt_sigaction, number, &by_default, NULL, sizeof by_default.mask); /* SIGKILL and SIGSTOP can't be changed */
}

static int load_plan(struct td_plan *plan) {
    struct stat stat;
    if (fstat(TD_FD_PLAN, &stat) != 0)
        return errno;
    void *bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, TD_FD_PLAN, 0);
    if (bytes == MAP_FAILED)
        return errno;
    return td_plan_decode(plan, bytes, (size_t)stat.st_size);
}

/* The caller's extra descriptors have consecutive numbers. */
static void fill_slots(int slots[TD_SLOTS_MAX]) {
    struct stat stat;
    uint32_t slot = 0;
    for (; slot < TD_EXTRA_MAX && fstat(TD_FD_EXTRA + (int)slot, &stat) == 0; slot++)
        slots[slot] = TD_FD_EXTRA + (int)slot;
    for (; slot < TD_SLOTS_MAX; slot++)
        slots[slot] = -1;
    slots[TD_REPORT_SLOT] = TD_FD_REPORT;
}

static int run_step(struct td_init *init, const struct td_step *step) {
    switch (step->op) {
#define TD_CASE(op, name, fields)                                                                                      \
    case TD_OP_##op:                                                                                                   \
        return step_##name(init, (const struct td_##name *)step);
        TD_STEPS(TD_CASE, TD_NO_FIELD)
#undef TD_CASE
    default:
        return EINVAL; /* the decoder refuses such a step */
    }
}

static int is_excused(const struct td_step *step, int error) {
    return step->excused_by == TD_EXCUSED_ALWAYS || step->excused_by == (uint32_t)error;
}

static int run_plan(struct td_init *init) {
    int timed = (init->plan.header->flags & TD_PLAN_TIMED) != 0;
    for (init->step = 0; init->step < init->plan.header->steps; init->step++) {
        const struct td_step *step = &init->plan.steps[init->step];
        uint64_t begin = timed ? now() : 0;
        init->object = NULL;
        show_stage(step->op);
        int error = run_step(init, step);
        if (error && is_excused(step, error))
            report(TD_REPORT_SKIPPED, init->step, error, 0, init->object);
        else if (error)
            return error;
        else if (timed)
            report(TD_REPORT_STEP, init->step, 0, now() - begin, NULL);
    }
    return ENOEXEC; /* a plan ends with EXEC or END, which do not return */
}

int main(int count, char **arguments) {
    if (count > 0 && strcmp(arguments[0], "tinydocker-guard") == 0)
        return guard();
    static struct td_init init;
    init.root = init.masked = -1;
    fill_slots(init.slots);
    reset_signals();
    (void)umask(0); /* the plan's modes apply as they are */
    int error = close_all_on_exec();
    if (!error)
        error = load_plan(&init.plan);
    if (!error)
        error = run_plan(&init);
    else
        init.step = UINT32_MAX; /* before the first step */
    report(TD_REPORT_FAILED, init.step, error, 0, init.object);
    return 1;
}
