/* Copies between the pipes that a command has as 0, 1 or 2 and what the caller has. */
#include "relay.h"

#include <errno.h>

#include "flow.h"
#include "shim.h"
#include "thread.h"

static void *run(void *argument) {
    struct container *container = argument;
    struct flow flows[FLOWS_MAX];
    size_t count = 0;
    for (int i = 0; i < 3; i++) {
        if (container->relayed[i] < 0)
            continue;
        struct flow_end outer = flow_outer(container->outer[i]), pipe = {.fd = container->relayed[i], .ours = 1};
        container->relayed[i] = -1;
        struct flow *flow = &flows[count++];
        flow->from = i == 0 ? outer : pipe, flow->to = i == 0 ? pipe : outer;
        flow->is_input = i == 0, flow->is_discarded = 0;
        flow->written = NULL, flow->at = flow->length = 0;
    }
    flow_copy(container, flows, count);
    container_part_ended(container);
    return NULL;
}

int relay_start(struct container *container) { return thread_start("td-relay", run, container); }

static int drop(const struct container *container) {
    container_stop(container);
    return 0;
}

int td_drop_output(uint32_t container) { return container_use(container, drop); }
