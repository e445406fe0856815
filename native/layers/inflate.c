/* RFC 1951: blocks, and the symbols in them. */
#include <string.h>

#include "inflate-table.h"
#include "inflate.h"

#define END_OF_BLOCK 256
#define SYMBOLS_MAX 286u
#define DISTANCES_MAX 30u
#define CODE_BITS_MAX 15u
/* Of a length and its distance, with the bits that are added to each. */
#define MATCH_BITS_MAX 48u
#define MATCH_MAX 258u
/* What the fast loop writes at most before it looks at the room again, and reads. */
#define ROOM_FAST (MATCH_MAX + 3 + 16)
#define AHEAD_FAST 16

#define LITERAL_4(n) ENTRY(n, 0, 0) | ENTRY_LITERAL, ENTRY((n) + 1, 0, 0) | ENTRY_LITERAL, ENTRY((n) + 2, 0, 0) | ENTRY_LITERAL, ENTRY((n) + 3, 0, 0) | ENTRY_LITERAL
#define LITERAL_16(n) LITERAL_4(n), LITERAL_4((n) + 4), LITERAL_4((n) + 8), LITERAL_4((n) + 12)
#define LITERAL_64(n) LITERAL_16(n), LITERAL_16((n) + 16), LITERAL_16((n) + 32), LITERAL_16((n) + 48)
#define BASE(base, bits) ENTRY(base, 0, bits)
#define NONE (ENTRY(0, 0, 0) | ENTRY_INVALID)

/* 3.2.5 of the RFC. */
static const uint32_t SYMBOLS[288] = {
    LITERAL_64(0), LITERAL_64(64), LITERAL_64(128), LITERAL_64(192), ENTRY(0, 0, 0) | ENTRY_END,
    BASE(3, 0), BASE(4, 0), BASE(5, 0), BASE(6, 0), BASE(7, 0), BASE(8, 0), BASE(9, 0), BASE(10, 0),
    BASE(11, 1), BASE(13, 1), BASE(15, 1), BASE(17, 1), BASE(19, 2), BASE(23, 2), BASE(27, 2), BASE(31, 2),
    BASE(35, 3), BASE(43, 3), BASE(51, 3), BASE(59, 3), BASE(67, 4), BASE(83, 4), BASE(99, 4), BASE(115, 4),
    BASE(131, 5), BASE(163, 5), BASE(195, 5), BASE(227, 5), BASE(258, 0), NONE, NONE,
};
static const uint32_t DISTANCES[32] = {
    BASE(1, 0), BASE(2, 0), BASE(3, 0), BASE(4, 0), BASE(5, 1), BASE(7, 1), BASE(9, 2), BASE(13, 2),
    BASE(17, 3), BASE(25, 3), BASE(33, 4), BASE(49, 4), BASE(65, 5), BASE(97, 5), BASE(129, 6), BASE(193, 6),
    BASE(257, 7), BASE(385, 7), BASE(513, 8), BASE(769, 8), BASE(1025, 9), BASE(1537, 9), BASE(2049, 10), BASE(3073, 10),
    BASE(4097, 11), BASE(6145, 11), BASE(8193, 12), BASE(12289, 12), BASE(16385, 13), BASE(24577, 13), NONE, NONE,
};
static const uint8_t LENGTH_ORDER[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

static int stored_length(struct inflate *s);
static int stored(struct inflate *s);
static int table_sizes(struct inflate *s);
static int length_codes(struct inflate *s);
static int lengths(struct inflate *s);
static int symbols(struct inflate *s);
static int match(struct inflate *s);

static void top_up(struct inflate *s, unsigned count) {
    while (s->bit_count < count && s->in < s->in_end) {
        s->bits |= (uint64_t)*s->in++ << s->bit_count;
        s->bit_count += 8;
    }
}

int inflate_need(struct inflate *s, unsigned count) {
    top_up(s, count);
    return s->bit_count >= count;
}

static void drop(struct inflate *s, unsigned count) {
    s->bits >>= count;
    s->bit_count -= count;
}

uint32_t inflate_take(struct inflate *s, unsigned count) {
    uint32_t taken = (uint32_t)(s->bits & ((1ull << count) - 1));
    drop(s, count);
    return taken;
}

static int next_block(struct inflate *s) {
    s->step = s->is_last ? s->after : inflate_block;
    return INFLATE_GO;
}

static int build_symbols(struct inflate *s, unsigned count) {
    struct inflate_code code = {s->symbol_table, SYMBOL_ROOM, SYMBOL_ROOT, s->lengths, count, SYMBOLS};
    return inflate_build(&code) ? INFLATE_BAD_CODE : 0;
}

static int build_distances(struct inflate *s, const uint8_t *of, unsigned count) {
    struct inflate_code code = {s->distance_table, DISTANCE_ROOM, DISTANCE_ROOT, of, count, DISTANCES};
    return inflate_build(&code) ? INFLATE_BAD_CODE : 0;
}

static int fixed_tables(struct inflate *s) {
    memset(s->lengths, 8, 144);
    memset(s->lengths + 144, 9, 112);
    memset(s->lengths + 256, 7, 24);
    memset(s->lengths + 280, 8, 8);
    memset(s->lengths + 288, 5, 32);
    s->step = symbols;
    int error = build_symbols(s, 288);
    return error ? error : build_distances(s, s->lengths + 288, 32);
}

int inflate_block(struct inflate *s) {
    if (!inflate_need(s, 3))
        return INFLATE_WAIT;
    s->is_last = inflate_take(s, 1);
    switch (inflate_take(s, 2)) {
    case 0:
        drop(s, s->bit_count % 8);
        s->step = stored_length;
        return INFLATE_GO;
    case 1:
        return fixed_tables(s);
    case 2:
        s->step = table_sizes;
        return INFLATE_GO;
    default:
        return INFLATE_BAD_BLOCK;
    }
}

static int stored_length(struct inflate *s) {
    if (!inflate_need(s, 32))
        return INFLATE_WAIT;
    s->left = inflate_take(s, 16);
    s->step = stored;
    return inflate_take(s, 16) == (s->left ^ 0xffff) ? INFLATE_GO : INFLATE_BAD_BLOCK;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static int stored(struct inflate *s) {
    for (; s->left && s->bit_count && s->out < s->out_end; s->left--)
        *s->out++ = (uint8_t)inflate_take(s, 8);
    size_t length = least(s->left, least((size_t)(s->in_end - s->in), (size_t)(s->out_end - s->out)));
    if (length) {
        memcpy(s->out, s->in, length);
        s->in += length;
        s->out += length;
        s->left -= (uint32_t)length;
    }
    return s->left ? INFLATE_WAIT : next_block(s);
}

static int table_sizes(struct inflate *s) {
    if (!inflate_need(s, 14))
        return INFLATE_WAIT;
    s->symbols = inflate_take(s, 5) + 257;
    s->distances = inflate_take(s, 5) + 1;
    s->length_codes = inflate_take(s, 4) + 4;
    s->lengths_read = 0;
    memset(s->lengths, 0, sizeof s->lengths);
    s->step = length_codes;
    return s->symbols <= SYMBOLS_MAX && s->distances <= DISTANCES_MAX ? INFLATE_GO : INFLATE_BAD_CODE;
}

static int length_codes(struct inflate *s) {
    for (; s->lengths_read < s->length_codes; s->lengths_read++) {
        if (!inflate_need(s, 3))
            return INFLATE_WAIT;
        s->lengths[LENGTH_ORDER[s->lengths_read]] = (uint8_t)inflate_take(s, 3);
    }
    struct inflate_code code = {s->length_table, LENGTH_ROOM, LENGTH_ROOT, s->lengths, sizeof LENGTH_ORDER, NULL};
    s->lengths_read = 0;
    s->step = lengths;
    return inflate_build(&code) ? INFLATE_BAD_CODE : 0;
}

/* Repeats a length. `bits` and `base`: how often. */
static int repeat(struct inflate *s, uint8_t length, unsigned bits, unsigned base) {
    unsigned count = base + inflate_take(s, bits);
    if (s->lengths_read + count > s->symbols + s->distances)
        return INFLATE_BAD_CODE;
    memset(s->lengths + s->lengths_read, length, count);
    s->lengths_read += count;
    return INFLATE_GO;
}

static int read_length(struct inflate *s) {
    top_up(s, LENGTH_ROOT + 7);
    uint32_t entry = s->length_table[s->bits & ((1u << LENGTH_ROOT) - 1)];
    unsigned symbol = ENTRY_VALUE(entry);
    unsigned extra = symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
    if (s->bit_count < ENTRY_ALL_BITS(entry) + extra)
        return INFLATE_WAIT;
    if (entry & ENTRY_INVALID)
        return INFLATE_BAD_CODE;
    drop(s, ENTRY_ALL_BITS(entry));
    if (symbol < 16) {
        s->lengths[s->lengths_read++] = (uint8_t)symbol;
        return INFLATE_GO;
    }
    if (symbol > 16)
        return repeat(s, 0, extra, symbol == 17 ? 3 : 11);
    return s->lengths_read ? repeat(s, s->lengths[s->lengths_read - 1], extra, 3) : INFLATE_BAD_CODE;
}

static int lengths(struct inflate *s) {
    while (s->lengths_read < s->symbols + s->distances) {
        int result = read_length(s);
        if (result != INFLATE_GO)
            return result;
    }
    if (!s->lengths[END_OF_BLOCK])
        return INFLATE_BAD_CODE;
    s->step = symbols;
    int error = build_symbols(s, s->symbols);
    return error ? error : build_distances(s, s->lengths + s->symbols, s->distances);
}

static inline uint64_t load(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

static inline uint32_t look_up(const uint32_t *table, unsigned root, uint64_t bits) {
    uint32_t entry = table[bits & ((1u << root) - 1)];
    if (__builtin_expect(entry & ENTRY_TABLE, 0))
        entry = table[ENTRY_VALUE(entry) + (bits >> root & ((1u << ENTRY_CODE_BITS(entry)) - 1))];
    return entry;
}

/* A base, and the bits after its code. */
static inline uint32_t value_of(uint32_t entry, uint64_t bits) {
    return ENTRY_VALUE(entry) + (uint32_t)((bits & ((1ull << ENTRY_ALL_BITS(entry)) - 1)) >> ENTRY_CODE_BITS(entry));
}

/* Writes up to 15 bytes more. */
static inline uint8_t *copy_fast(uint8_t *out, size_t back, size_t length) {
    const uint8_t *from = out - back;
    uint8_t *end = out + length;
    if (__builtin_expect(back >= 16, 1)) {
        do {
            memcpy(out, from, 16);
            out += 16;
            from += 16;
        } while (out < end);
    } else if (back == 1) {
        memset(out, *from, length);
    } else {
        do
            *out++ = *from++;
        while (out < end);
    }
    return end;
}

#define REFILL()                                                                                                       \
    do {                                                                                                               \
        bits |= load(in) << count;                                                                                     \
        in += (63 - count) >> 3;                                                                                       \
        count |= 56;                                                                                                   \
    } while (0)
#define DROP(n)                                                                                                        \
    do {                                                                                                               \
        unsigned dropped = (n);                                                                                        \
        bits >>= dropped;                                                                                              \
        count -= dropped;                                                                                              \
    } while (0)

/* While there is enough of input and room that neither is looked at within a symbol. The next step decides about what it stops at. */
static void symbols_fast(struct inflate *s) {
    const uint8_t *in = s->in, *in_last = s->in_end - AHEAD_FAST;
    uint8_t *out = s->out, *out_last = s->out_end - ROOM_FAST;
    const uint32_t *symbol_table = s->symbol_table, *distance_table = s->distance_table;
    uint64_t bits = s->bits;
    unsigned count = s->bit_count;
    REFILL();
    uint32_t entry = look_up(symbol_table, SYMBOL_ROOT, bits);
    while (in <= in_last && out <= out_last) {
        if (entry & ENTRY_LITERAL) {
            DROP(ENTRY_ALL_BITS(entry));
            *out++ = (uint8_t)ENTRY_VALUE(entry);
            entry = look_up(symbol_table, SYMBOL_ROOT, bits);
            if (entry & ENTRY_LITERAL) {
                DROP(ENTRY_ALL_BITS(entry));
                *out++ = (uint8_t)ENTRY_VALUE(entry);
                entry = look_up(symbol_table, SYMBOL_ROOT, bits);
                REFILL();
                continue;
            }
            REFILL();
        }
        if (__builtin_expect(entry & (ENTRY_END | ENTRY_INVALID), 0))
            break;
        uint32_t length = value_of(entry, bits);
        uint64_t after = bits >> ENTRY_ALL_BITS(entry);
        uint32_t far = look_up(distance_table, DISTANCE_ROOT, after);
        uint32_t back = value_of(far, after);
        if (__builtin_expect((far & ENTRY_INVALID) || back > (size_t)(out - s->history), 0))
            break;
        DROP(ENTRY_ALL_BITS(entry) + ENTRY_ALL_BITS(far));
        REFILL();
        entry = look_up(symbol_table, SYMBOL_ROOT, bits);
        out = copy_fast(out, back, length);
    }
    s->in = in;
    s->out = out;
    s->bit_count = count;
    s->bits = bits & ((1ull << count) - 1);
}

static int read_match(struct inflate *s, uint32_t entry) {
    uint64_t after = s->bits >> ENTRY_ALL_BITS(entry);
    uint32_t far = look_up(s->distance_table, DISTANCE_ROOT, after);
    if (s->bit_count < ENTRY_ALL_BITS(entry) + ENTRY_ALL_BITS(far))
        return INFLATE_WAIT;
    if (far & ENTRY_INVALID)
        return INFLATE_BAD_DISTANCE;
    s->left = value_of(entry, s->bits);
    s->distance_back = value_of(far, after);
    drop(s, ENTRY_ALL_BITS(entry) + ENTRY_ALL_BITS(far));
    s->step = match;
    return s->distance_back <= (size_t)(s->out - s->history) ? INFLATE_GO : INFLATE_BAD_DISTANCE;
}

/* Bits that have not arrived count as zeros: an entry that has more than there are is not known yet. */
static int symbol(struct inflate *s) {
    top_up(s, MATCH_BITS_MAX);
    uint32_t entry = look_up(s->symbol_table, SYMBOL_ROOT, s->bits);
    if (s->bit_count < ENTRY_ALL_BITS(entry))
        return INFLATE_WAIT;
    if (entry & ENTRY_INVALID)
        return INFLATE_BAD_CODE;
    if (entry & ENTRY_END) {
        drop(s, ENTRY_ALL_BITS(entry));
        return next_block(s);
    }
    if (!(entry & ENTRY_LITERAL))
        return read_match(s, entry);
    if (s->out == s->out_end)
        return INFLATE_WAIT;
    drop(s, ENTRY_ALL_BITS(entry));
    *s->out++ = (uint8_t)ENTRY_VALUE(entry);
    return INFLATE_GO;
}

static int symbols(struct inflate *s) {
    if (s->in_end - s->in >= AHEAD_FAST && s->out_end - s->out >= (ptrdiff_t)ROOM_FAST)
        symbols_fast(s);
    return symbol(s);
}

static int match(struct inflate *s) {
    for (; s->left && s->out < s->out_end; s->left--, s->out++)
        *s->out = *(s->out - s->distance_back);
    if (s->left)
        return INFLATE_WAIT;
    s->step = symbols;
    return INFLATE_GO;
}
