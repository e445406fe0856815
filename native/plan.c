#include "plan.h"

#include <errno.h>
#include <string.h>

static const char *const op_names[] = {
#define TD_NAME(op, name, fields) #op,
    TD_STEPS(TD_NAME, TD_NO_FIELD)
#undef TD_NAME
};

static const uint8_t kinds[][TD_FIELDS_MAX + 1] = {
#define TD_KIND(kind, name) TD_KIND_##kind,
#define TD_KINDS(op, name, fields) {fields TD_KIND_NONE},
    TD_STEPS(TD_KINDS, TD_KIND)
#undef TD_KINDS
#undef TD_KIND
};

/* "MKDIR(NUMBER mode,TEXT path,)WRITE(…" */
static const char table[] =
#define TD_FIELD(kind, name) #kind " " #name ","
#define TD_LINE(op, name, fields) #op "(" fields ")"
    TD_STEPS(TD_LINE, TD_FIELD);
#undef TD_LINE
#undef TD_FIELD

const char *td_op_name(uint32_t op) { return op < TD_OP_COUNT ? op_names[op] : "?"; }

const uint8_t *td_kinds(uint32_t op) { return kinds[op]; }

static int text_valid(const struct td_plan *plan, struct td_text text) {
    uint32_t end = plan->header->string_bytes;
    return text.offset < end && text.length < end - text.offset && plan->strings[text.offset + text.length] == '\0';
}

static int list_valid(const struct td_plan *plan, struct td_text text) {
    return text.length == 0 || plan->strings[text.offset + text.length - 1] == '\0';
}

static int field_valid(const struct td_plan *plan, uint8_t kind, const uint64_t *field) {
    struct td_text text;
    memcpy(&text, field, sizeof text);
    switch (kind) {
    case TD_KIND_NUMBER:
        return 1;
    case TD_KIND_SLOT:
        return *field < TD_SLOTS_MAX;
    case TD_KIND_TEXT:
        return text_valid(plan, text);
    case TD_KIND_LIST:
        return text_valid(plan, text) && list_valid(plan, text);
    case TD_KIND_WORDS:
        return text_valid(plan, text) && text.length % sizeof(uint32_t) == 0;
    default:
        return *field == 0;
    }
}

static int step_valid(const struct td_plan *plan, const struct td_step *step) {
    if (step->op >= TD_OP_COUNT)
        return 0;
    for (size_t i = 0; i < TD_FIELDS_MAX; i++)
        if (!field_valid(plan, kinds[step->op][i], &step->field[i]))
            return 0;
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
    return plan->strings + text.offset;
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

static uint32_t fnv1a(uint32_t hash, const void *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x01000193u;
    return hash;
}

uint32_t td_layout(void) {
    const uint32_t layout[] = {
        TD_VERSION,
        sizeof(struct td_plan_header),
        sizeof(struct td_step),
        offsetof(struct td_step, field),
        sizeof(struct td_report),
        offsetof(struct td_report, nanoseconds),
        offsetof(struct td_report, object),
    };
    return fnv1a(fnv1a(0x811c9dc5u, layout, sizeof layout), table, sizeof table - 1);
}
