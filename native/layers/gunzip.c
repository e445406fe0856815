/* RFC 1952: the members of gzip. */
#include <errno.h>
#include <string.h>

#include "inflate.h"
#include "shim.h"

/* Of the flags. */
#define HAS_CHECKSUM 2u
#define HAS_EXTRA 4u
#define HAS_NAME 8u
#define HAS_COMMENT 16u
#define RESERVED 0xe0u

_Static_assert(sizeof(struct inflate) <= TD_GUNZIP_BYTES && WINDOW_BYTES == TD_GUNZIP_WINDOW, "the state of gunzip");

#define DEFLATE 8
#define FIXED_BYTES 10u

static int member(struct inflate *s);
static int extra_length(struct inflate *s);
static int extra(struct inflate *s);
static int name(struct inflate *s);
static int comment(struct inflate *s);
static int header_checksum(struct inflate *s);
static int trailer(struct inflate *s);
static int checked_length(struct inflate *s);
static int between(struct inflate *s);
static int zeros(struct inflate *s);

static int take_byte(struct inflate *s, uint8_t *byte) {
    if (!inflate_need(s, 8))
        return 0;
    *byte = (uint8_t)inflate_take(s, 8);
    s->checksum = inflate_checksum(s->checksum, byte, 1);
    return 1;
}

static int then(struct inflate *s, inflate_step step) {
    s->step = step;
    return INFLATE_GO;
}

static int check_fixed(struct inflate *s, uint8_t byte) {
    static const uint8_t BEGIN[] = {0x1f, 0x8b};
    if (s->index < sizeof BEGIN)
        return byte == BEGIN[s->index] ? 0 : INFLATE_NO_GZIP;
    if (s->index == 2)
        return byte == DEFLATE ? 0 : INFLATE_BAD_HEADER;
    if (s->index == 3)
        s->flags = byte;
    return s->flags & RESERVED ? INFLATE_BAD_HEADER : 0;
}

static int member(struct inflate *s) {
    uint8_t byte;
    for (; s->index < FIXED_BYTES; s->index++) {
        if (!take_byte(s, &byte))
            return INFLATE_WAIT;
        int error = check_fixed(s, byte);
        if (error)
            return error;
    }
    s->index = 0;
    s->extra = 0;
    return then(s, s->flags & HAS_EXTRA ? extra_length : name);
}

static int extra_length(struct inflate *s) {
    uint8_t byte;
    for (; s->index < 2; s->index++) {
        if (!take_byte(s, &byte))
            return INFLATE_WAIT;
        s->extra |= (uint32_t)byte << 8 * s->index;
    }
    return then(s, extra);
}

static int extra(struct inflate *s) {
    uint8_t byte;
    for (; s->extra; s->extra--)
        if (!take_byte(s, &byte))
            return INFLATE_WAIT;
    return then(s, name);
}

/* Up to a zero byte. */
static int skip_text(struct inflate *s, inflate_step after) {
    uint8_t byte;
    do
        if (!take_byte(s, &byte))
            return INFLATE_WAIT;
    while (byte);
    return then(s, after);
}

static int name(struct inflate *s) { return s->flags & HAS_NAME ? skip_text(s, comment) : then(s, comment); }

static int comment(struct inflate *s) {
    return s->flags & HAS_COMMENT ? skip_text(s, header_checksum) : then(s, header_checksum);
}

static int header_checksum(struct inflate *s) {
    if (s->flags & HAS_CHECKSUM) {
        if (!inflate_need(s, 16))
            return INFLATE_WAIT;
        if (inflate_take(s, 16) != (s->checksum & 0xffff))
            return INFLATE_BAD_HEADER;
    }
    s->checksum = 0;
    s->length = 0;
    s->after = trailer;
    s->history = s->unchecked = s->out;
    return then(s, inflate_block);
}

static void check(struct inflate *s) {
    size_t length = (size_t)(s->out - s->unchecked);
    s->checksum = inflate_checksum(s->checksum, s->unchecked, length);
    s->length += (uint32_t)length;
    s->unchecked = s->out;
}

static int trailer(struct inflate *s) {
    inflate_take(s, s->bit_count % 8);
    if (!inflate_need(s, 32))
        return INFLATE_WAIT;
    check(s);
    return inflate_take(s, 32) == s->checksum ? then(s, checked_length) : INFLATE_BAD_CHECKSUM;
}

static int checked_length(struct inflate *s) {
    if (!inflate_need(s, 32))
        return INFLATE_WAIT;
    return inflate_take(s, 32) == s->length ? then(s, between) : INFLATE_BAD_LENGTH;
}

/* Another member, or zeros, as on tapes. */
static int between(struct inflate *s) {
    if (!inflate_need(s, 8))
        return INFLATE_WAIT;
    s->checksum = s->index = s->flags = 0;
    return then(s, s->bits & 0xff ? member : zeros);
}

static int zeros(struct inflate *s) {
    while (inflate_need(s, 8))
        if (inflate_take(s, 8))
            return INFLATE_MORE_DATA;
    return INFLATE_WAIT;
}

static void keep_window(struct inflate *s, const uint8_t *begin) {
    size_t length = (size_t)(s->out - begin);
    if (length > WINDOW_BYTES) {
        begin = s->out - WINDOW_BYTES;
        length = WINDOW_BYTES;
    }
    memcpy(s->window, begin, length);
    s->window_length = (uint32_t)length;
}

int td_gunzip(uint8_t *state, size_t state_length, const uint8_t *in, size_t in_length, uint8_t *out, size_t out_length,
              struct td_gunzipped *done) {
    struct inflate *s = (struct inflate *)(void *)state;
    if (state_length < sizeof *s || (uintptr_t)state % _Alignof(struct inflate) || out_length <= WINDOW_BYTES)
        return -EINVAL;
    if (!s->step)
        s->step = member;
    memcpy(out + WINDOW_BYTES - s->window_length, s->window, s->window_length);
    s->in = in;
    s->in_end = in + in_length;
    s->out = s->unchecked = out + WINDOW_BYTES;
    s->out_end = out + out_length;
    s->history = s->out - s->window_length;
    int result = INFLATE_GO;
    while (result == INFLATE_GO)
        result = s->step(s);
    check(s);
    keep_window(s, s->history);
    done->read = (uint32_t)(s->in - in);
    done->written = (uint32_t)(s->out - (out + WINDOW_BYTES));
    done->ended = s->step == zeros || s->step == between;
    s->in = s->in_end = s->out = s->out_end = s->history = s->unchecked = NULL;
    return result == INFLATE_WAIT ? 0 : result;
}
