#include "plan.h"

#include <errno.h>
#include <string.h>

static const char *const op_names[] = {
#define TD_OP_NAME(name) #name,
    TD_OPS(TD_OP_NAME)
#undef TD_OP_NAME
};

const char *td_op_name(uint32_t op) { return op < TD_OP_COUNT ? op_names[op] : "?"; }

static int text_valid(const struct td_plan *plan, struct td_text text) {
    uint32_t end = plan->header->string_bytes;
    return text.offset < end && text.length < end - text.offset && plan->strings[text.offset + text.length] == '\0';
}

static int slot_valid(const struct td_step *step) {
    switch (step->op) {
    case TD_OP_OPEN_TREE:
    case TD_OP_SETATTR:
    case TD_OP_MOVE_MOUNT:
    case TD_OP_PIVOT_ROOT:
    case TD_OP_DETACH:
        return step->number[0] < TD_SLOTS_MAX;
    default:
        return 1;
    }
}

static int list_valid(const struct td_plan *plan, struct td_text text) {
    return text.length == 0 || plan->strings[text.offset + text.length - 1] == '\0';
}

static int step_valid(const struct td_plan *plan, const struct td_step *step) {
    if (step->op >= TD_OP_COUNT || !slot_valid(step))
        return 0;
    for (size_t i = 0; i < 4; i++)
        if (!text_valid(plan, step->text[i]))
            return 0;
    if (step->op == TD_OP_EXEC)
        return step->text[0].length > 0 && list_valid(plan, step->text[0]) && list_valid(plan, step->text[1]);
    if (step->op == TD_OP_SETGROUPS)
        return step->text[0].length % sizeof(uint32_t) == 0;
    return 1;
}

int td_plan_decode(struct td_plan *plan, const void *bytes, size_t length) {
    const struct td_plan_header *header = bytes;
    if (length < sizeof *header || length > TD_PLAN_BYTES_MAX)
        return EINVAL;
    if (header->magic != TD_PLAN_MAGIC || header->version != TD_VERSION)
        return EPROTO;
    if (header->steps > TD_STEPS_MAX)
        return EINVAL;
    size_t strings_at = sizeof *header + header->steps * sizeof(struct td_step);
    if (strings_at > length || length - strings_at != header->string_bytes)
        return EINVAL;
    plan->header = header;
    plan->steps = (const struct td_step *)(header + 1);
    plan->strings = (const char *)bytes + strings_at;
    for (uint32_t i = 0; i < header->steps; i++)
        if (!step_valid(plan, &plan->steps[i]))
            return EINVAL;
    return 0;
}

const char *td_text(const struct td_plan *plan, struct td_text text) {
    return text.length == 0 ? NULL : plan->strings + text.offset;
}

size_t td_list(const struct td_plan *plan, struct td_text text, const char **list, size_t room) {
    const char *at = plan->strings + text.offset;
    const char *end = at + text.length;
    size_t count = 0;
    for (; at < end; at += strlen(at) + 1, count++)
        if (count < room)
            list[count] = at;
    if (room > 0)
        list[count < room ? count : room - 1] = NULL;
    return count;
}

static uint64_t fnv1a(uint64_t hash, const void *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    return hash;
}

uint64_t td_layout(void) {
    const uint32_t layout[] = {
        TD_VERSION,
        sizeof(struct td_plan_header),
        sizeof(struct td_step),
        offsetof(struct td_step, number),
        offsetof(struct td_step, text),
        sizeof(struct td_report),
        offsetof(struct td_report, nanoseconds),
        offsetof(struct td_report, object),
        TD_OP_COUNT,
    };
    uint64_t hash = fnv1a(0xcbf29ce484222325u, layout, sizeof layout);
    for (uint32_t op = 0; op < TD_OP_COUNT; op++)
        hash = fnv1a(hash, op_names[op], strlen(op_names[op]) + 1);
    return hash;
}
