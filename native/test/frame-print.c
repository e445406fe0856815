/* For tests, under sanitizers: prints what the frames on standard input ask for. Its argument: how many bytes it reads at once. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "attach.h"

static void print_input(void *context, const char *bytes, size_t length) {
    (void)context;
    fwrite(bytes, 1, length, stdout);
}

static void print_size(void *context, uint16_t rows, uint16_t columns) {
    (void)context;
    printf("%ux%u\n", rows, columns);
}

static void print_end(void *context) {
    (void)context;
    printf("end\n");
}

int main(int count, char **arguments) {
    size_t piece = count > 1 ? strtoul(arguments[1], NULL, 10) : 4096;
    struct frame_reader reader = {0};
    const struct frame_sink sink = {.input = print_input, .resize = print_size, .end = print_end};
    char *bytes = malloc(piece);
    ssize_t got;
    while ((got = read(0, bytes, piece)) > 0)
        if (frame_read(&reader, bytes, (size_t)got, &sink) != 0) {
            printf("no frame\n");
            break;
        }
    free(bytes);
    return 0;
}
