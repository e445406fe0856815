/* RFC 1951 and 1952: what gzip compressed, a piece at a time. The bytes may be anyone's. */
#ifndef INFLATE_H
#define INFLATE_H

#include <stddef.h>
#include <stdint.h>

/* A match is at most so far back. */
#define WINDOW_BYTES 32768u

/* Of codes: how many bits are looked up at once, and what the largest table takes, of 288 and of 32 symbols of up to 15 bits. */
#define SYMBOL_ROOT 11u
#define SYMBOL_ROOM 2342u
#define DISTANCE_ROOT 8u
#define DISTANCE_ROOM 402u
#define LENGTH_ROOT 7u
#define LENGTH_ROOM 128u
#define LENGTHS_MAX 320u

/* What a step returns: the next one can follow, or there is no more input, or no more room. Negative: see inflate_error. */
enum { INFLATE_GO, INFLATE_WAIT };

enum inflate_error {
    INFLATE_NO_GZIP = -1,
    INFLATE_BAD_HEADER = -2,
    INFLATE_BAD_BLOCK = -3,
    INFLATE_BAD_CODE = -4,
    INFLATE_BAD_DISTANCE = -5,
    INFLATE_BAD_CHECKSUM = -6,
    INFLATE_BAD_LENGTH = -7,
    INFLATE_MORE_DATA = -8,
};

struct inflate;
typedef int (*inflate_step)(struct inflate *);

/* All zeros at first. */
struct inflate {
    inflate_step step;
    /* After the last block. */
    inflate_step after;
    /* Only in a call. */
    const uint8_t *in, *in_end;
    /* history: the first byte that a match may copy. unchecked: the first that the checksum does not have yet. */
    uint8_t *out, *out_end, *history, *unchecked;

    uint64_t bits;
    uint32_t bit_count;

    /* Of a member of gzip. */
    uint32_t flags, index, checksum, length, extra;

    /* Of a block. */
    uint32_t is_last, left, distance_back;
    uint32_t symbols, distances, lengths_read, length_codes;
    uint8_t lengths[LENGTHS_MAX];
    uint32_t symbol_table[SYMBOL_ROOM];
    uint32_t distance_table[DISTANCE_ROOM];
    uint32_t length_table[LENGTH_ROOM];

    /* The last bytes made by earlier calls. */
    uint32_t window_length;
    uint8_t window[WINDOW_BYTES];
};

/* Puts so many bits where they can be read; 0: there are fewer. */
int inflate_need(struct inflate *s, unsigned count);
uint32_t inflate_take(struct inflate *s, unsigned count);

/* The step at the begin of a block. */
int inflate_block(struct inflate *s);

uint32_t inflate_checksum(uint32_t before, const uint8_t *bytes, size_t length);

#endif
