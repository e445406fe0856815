#include "inflate-table.h"

#define BITS_MAX 15u
#define SYMBOLS_MAX 288u

struct build {
    const struct inflate_code *code;
    uint16_t left[BITS_MAX + 1]; /* symbols of that length that have no entry yet */
    uint16_t sorted[SYMBOLS_MAX];
    unsigned longest;
    unsigned next;        /* the next symbol's code, its first bit lowest */
    unsigned used;        /* entries */
    unsigned prefix;      /* of the codes in the table at `start` */
    unsigned start, bits; /* of that table */
};

/* A single code of one bit is the only one that may leave bits without a meaning; none at all is refused when it is used. */
static int count_lengths(struct build *b) {
    const struct inflate_code *code = b->code;
    for (unsigned i = 0; i < code->symbols; i++)
        b->left[code->lengths[i]]++;
    int free_codes = 1;
    for (unsigned bits = 1; bits <= BITS_MAX; bits++) {
        free_codes = free_codes * 2 - b->left[bits];
        if (free_codes < 0)
            return -1;
        if (b->left[bits])
            b->longest = bits;
    }
    return free_codes > 0 && b->longest > 1 ? -1 : 0;
}

static void sort(struct build *b) {
    uint16_t at[BITS_MAX + 2] = {0};
    for (unsigned bits = 1; bits <= BITS_MAX; bits++)
        at[bits + 1] = at[bits] + b->left[bits];
    for (unsigned i = 0; i < b->code->symbols; i++)
        if (b->code->lengths[i])
            b->sorted[at[b->code->lengths[i]]++] = (uint16_t)i;
}

/* A table for all codes that begin with those bits: as many entries as the longest of them asks for. */
static int begin_table(struct build *b, unsigned length) {
    unsigned root = b->code->root;
    unsigned bits = length - root;
    for (unsigned space = b->left[length]; space < 1u << bits && root + bits < b->longest;) {
        bits++;
        space = 2 * space + b->left[root + bits];
    }
    if (b->used + (1u << bits) > b->code->room)
        return -1;
    b->prefix = b->next & ((1u << root) - 1);
    b->start = b->used;
    b->bits = bits;
    b->used += 1u << bits;
    b->code->table[b->prefix] = ENTRY(b->start, bits, root) | ENTRY_TABLE;
    return 0;
}

static void fill(uint32_t *table, unsigned size, unsigned from, unsigned every, uint32_t entry) {
    for (unsigned at = from; at < size; at += every)
        table[at] = entry;
}

static int add(struct build *b, unsigned symbol, unsigned length) {
    const struct inflate_code *code = b->code;
    unsigned root = code->root;
    uint32_t entry = (code->entries ? code->entries[symbol] : ENTRY(symbol, 0, 0)) + ENTRY(0, length, length);
    if (length <= root) {
        fill(code->table, 1u << root, b->next, 1u << length, entry);
        return 0;
    }
    if ((b->next & ((1u << root) - 1)) != b->prefix) {
        int error = begin_table(b, length);
        if (error)
            return error;
    }
    fill(code->table + b->start, 1u << b->bits, b->next >> root, 1u << (length - root), entry);
    return 0;
}

/* Adds one to a number whose first bit is the lowest. */
static unsigned following(unsigned number, unsigned length) {
    unsigned bit = 1u << (length - 1);
    while (number & bit)
        bit >>= 1;
    return bit ? (number & (bit - 1)) | bit : 0;
}

int inflate_build(const struct inflate_code *code) {
    struct build b = {.code = code, .used = 1u << code->root, .prefix = UINT32_MAX};
    int error = count_lengths(&b);
    if (error)
        return error;
    sort(&b);
    fill(code->table, 1u << code->root, 0, 1, ENTRY(0, 1, 1) | ENTRY_INVALID);
    unsigned at = 0;
    for (unsigned length = 1; length <= b.longest; length++) {
        while (b.left[length]) {
            error = add(&b, b.sorted[at++], length);
            if (error)
                return error;
            b.left[length]--;
            b.next = following(b.next, length);
        }
    }
    return 0;
}
