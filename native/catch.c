/* Signals that Node.js has no name for, or takes too long to catch one by one. */
#include <errno.h>
#include <signal.h>

#include "events.h"
#include "shim.h"

static void report_signal(int number) {
    int before = errno;
    struct td_event event = {.kind = TD_EVENT_SIGNAL, .status = number};
    events_send(&event);
    errno = before;
}

int td_catch(int number) {
    struct sigaction action = {.sa_handler = report_signal, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    return sigaction(number, &action, NULL) == 0 ? 0 : -errno;
}
