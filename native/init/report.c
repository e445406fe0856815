/* What the init tells who started it. */
#include <string.h>

#include "init.h"
#include "sys.h"

/* It fails only when the process that reads it is gone: nobody is left to report to. */
static void send(const struct td_report *record) { (void)!write(TD_FD_REPORT, record, sizeof *record); }

void report(uint32_t kind, uint32_t step, int error, uint64_t nanoseconds, const char *object) {
    struct td_report record = {.kind = kind, .step = step, .error = error, .nanoseconds = nanoseconds};
    if (object)
        strncpy(record.object, object, sizeof record.object - 1);
    send(&record);
}

void report_clone(uint32_t step, int32_t pid) {
    struct td_report record = {.kind = TD_REPORT_CLONED, .step = step, .pid = pid};
    send(&record);
}
