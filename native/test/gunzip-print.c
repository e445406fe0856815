/*
 * For tests, under sanitizers: decompresses each of the inputs on standard input, and prints the result, whether it has ended,
 * and how many bytes there are. Before each come three numbers of four bytes: its length, and the bytes of input and of output of
 * each call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim.h"

/* A copy in memory of just that length, so that a byte read or written outside it is found. */
static void decompress(const uint8_t *in, uint32_t length, uint32_t piece, uint32_t room) {
    uint8_t *state = calloc(1, TD_GUNZIP_BYTES), *out = malloc(TD_GUNZIP_WINDOW + room);
    struct td_gunzipped done = {.ended = 0};
    unsigned long long written = 0;
    int result = 0;
    for (uint32_t at = 0; !result && (at < length || done.written == room);) {
        uint32_t size = length - at < piece ? length - at : piece;
        uint8_t *part = malloc(size);
        memcpy(part, in + at, size);
        result = td_gunzip(state, TD_GUNZIP_BYTES, part, size, out, TD_GUNZIP_WINDOW + room, &done);
        free(part);
        at += done.read;
        written += done.written;
    }
    printf("%d %u %llu\n", result, done.ended, written);
    free(state);
    free(out);
}

int main(void) {
    uint32_t head[3];
    while (fread(head, sizeof head, 1, stdin) == 1) {
        uint8_t *in = malloc(head[0] + 1);
        if (fread(in, 1, head[0], stdin) == head[0])
            decompress(in, head[0], head[1], head[2]);
        free(in);
    }
    return 0;
}
