/*
 * For tests: reads plans from standard input, each after its length (little-endian uint32), and prints for each one a
 * line of what the decoder made of it. Strings are in hexadecimal.
 */
#include <stdio.h>
#include <stdlib.h>

#include "plan.h"

static void print_text(const struct td_plan *plan, struct td_text text) {
    const char *bytes = td_text(plan, text);
    printf(" ");
    for (uint32_t i = 0; bytes && i < text.length; i++)
        printf("%02x", (unsigned char)bytes[i]);
    printf(";");
}

static void print_step(const struct td_plan *plan, const struct td_step *step) {
    printf("|%s %u", td_op_name(step->op), step->flags);
    for (int i = 0; i < 4; i++)
        printf(" %llu", (unsigned long long)step->number[i]);
    for (int i = 0; i < 4; i++)
        print_text(plan, step->text[i]);
    if (step->op != TD_OP_EXEC)
        return;
    const char *list[8];
    printf(" %zu %zu", td_list(plan, step->text[0], list, 8), td_list(plan, step->text[1], list, 8));
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
