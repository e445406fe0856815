/* Signals that Node.js has no name for, or takes too long to catch one by one. */
#include "catch.h"

#include <errno.h>
#include <signal.h>

#include "events.h"
#include "shim.h"

#define SIGNALS 64

/* Where the kernel sends it, it is about what this program itself does. */
static int is_own(int number) {
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == SIGTRAP ||
           number == SIGTTOU;
}

static struct sigaction before[SIGNALS + 1];
/* An event of it is on its way to Node.js. */
static volatile sig_atomic_t reported[SIGNALS + 1];

/*
 * As in the kernel, a signal that was not taken yet stands for those of its number that follow, except real-time ones. More
 * would fill the pipe, for whose emptying the thread may be needed that would wait here.
 */
static int is_reported(int number) { return number < SIGRTMIN && reported[number]; }

void catch_taken(int number) {
    if (number >= 1 && number <= SIGNALS)
        reported[number] = 0;
}

/*
 * A fault of this program itself, such as a wild pointer, is not the caller's signal: whoever caught it before does again,
 * or it ends the program when the instruction is executed again. After SIGTRAP and SIGTTOU nothing is executed again, so these
 * are raised: SIGTTOU, which the kernel sends where a program in the background sets a terminal's mode, then stops this one.
 */
static void rethrow(int number) {
    sigaction(number, &before[number], NULL);
    if (number == SIGTRAP || number == SIGTTOU)
        raise(number);
}

static void report_signal(int number, siginfo_t *info, void *context) {
    (void)context;
    if (is_own(number) && info->si_code > 0) {
        rethrow(number);
        return;
    }
    if (is_reported(number))
        return;
    reported[number] = 1;
    int error = errno;
    struct td_event event = {.kind = TD_EVENT_SIGNAL, .status = number};
    events_send(&event);
    errno = error;
}

int td_catch(int number) {
    if (number < 1 || number > SIGNALS)
        return -EINVAL;
    struct sigaction action = {.sa_sigaction = report_signal, .sa_flags = SA_RESTART | SA_SIGINFO};
    sigfillset(&action.sa_mask);
    return sigaction(number, &action, &before[number]) == 0 ? 0 : -errno;
}
