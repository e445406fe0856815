/* Tables to decode a Huffman code by several bits at a time. */
#ifndef INFLATE_TABLE_H
#define INFLATE_TABLE_H

#include <stdint.h>

/*
 * An entry of a table. VALUE: a literal, the base of a length or distance, or where another table begins. CODE_BITS: of the
 * code, or with ENTRY_TABLE, how many select an entry of that table. ALL_BITS: with those that are added to a base.
 */
#define ENTRY(value, code_bits, all_bits) ((uint32_t)(value) << 16 | (uint32_t)(code_bits) << 8 | (uint32_t)(all_bits))
#define ENTRY_LITERAL 0x8000u
#define ENTRY_TABLE 0x4000u
#define ENTRY_END 0x2000u
#define ENTRY_INVALID 0x1000u
#define ENTRY_VALUE(entry) ((entry) >> 16)
#define ENTRY_CODE_BITS(entry) ((entry) >> 8 & 15)
#define ENTRY_ALL_BITS(entry) ((entry)&63)

struct inflate_code {
    uint32_t *table;
    unsigned room, root;
    /* How many bits each symbol's code has. */
    const uint8_t *lengths;
    unsigned symbols;
    /* An entry without the bits of its code; NULL: the symbol's own number. */
    const uint32_t *entries;
};

/* Fills the table. Returns 0, or -1 for lengths that are no code. */
int inflate_build(const struct inflate_code *code);

#endif
