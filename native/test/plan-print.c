/*
 * For tests: reads plans from standard input, each after its length (little-endian uint32), and prints a line for each:
 * the decoded plan, or that it was refused. Strings are in hexadecimal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

static void print_text(const struct td_plan *plan, struct td_text text) {
    const char *bytes = td_text(plan, text);
    for (uint32_t i = 0; i < text.length; i++)
        printf("%02x", (unsigned char)bytes[i]);
}

/* The number of strings, then their bytes. */
static void print_list(const struct td_plan *plan, struct td_text text) {
    const char *list[8];
    printf("%zu:", td_list(plan, text, list, 8));
    print_text(plan, text);
}

static void print_field(const struct td_plan *plan, uint8_t kind, const uint64_t *field) {
    struct td_text text;
    memcpy(&text, field, sizeof text);
    printf(" ");
    if (kind == TD_KIND_NUMBER || kind == TD_KIND_SLOT)
        printf("%llu", (unsigned long long)*field);
    else if (kind == TD_KIND_LIST)
        print_list(plan, text);
    else
        print_text(plan, text);
}

static void print_step(const struct td_plan *plan, const struct td_step *step) {
    printf("|%s %u", td_op_name(step->op), step->excused_by);
    const uint8_t *kinds = td_kinds(step->op);
    for (int i = 0; kinds[i] != TD_KIND_NONE; i++)
        print_field(plan, kinds[i], &step->field[i]);
}

static void print_plan(const void *bytes, uint32_t length) {
    struct td_plan plan;
    int error = td_plan_decode(&plan, bytes, length);
    if (error) {
        printf("refused %d\n", error);
        return;
    }
    printf("plan %u", plan.header->flags);
    for (uint32_t i = 0; i < plan.header->steps; i++)
        print_step(&plan, &plan.steps[i]);
    printf("\n");
}

int main(void) {
    uint32_t length;
    while (fread(&length, sizeof length, 1, stdin) == 1) {
        /* Exactly as long as the plan, so that the sanitizer sees a read past its end. */
        void *bytes = malloc(length ? length : 1);
        if (!bytes || fread(bytes, 1, length, stdin) != length)
            return 1;
        print_plan(bytes, length);
        free(bytes);
    }
    return 0;
}
