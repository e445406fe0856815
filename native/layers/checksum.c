/* The CRC-32 of gzip: zlib's, which is part of Node.js and uses the processor's instructions for it, or by tables, eight bytes at a time. */
#include <pthread.h>
#include <string.h>

#include "inflate.h"

__attribute__((weak)) unsigned long crc32(unsigned long before, const uint8_t *bytes, unsigned length);

#define POLYNOMIAL 0xedb88320u

static uint32_t tables[8][256];

static uint32_t checksum_of(uint32_t byte) {
    for (int bit = 0; bit < 8; bit++)
        byte = byte & 1 ? byte >> 1 ^ POLYNOMIAL : byte >> 1;
    return byte;
}

static void fill_tables(void) {
    for (uint32_t byte = 0; byte < 256; byte++)
        tables[0][byte] = checksum_of(byte);
    for (int table = 1; table < 8; table++)
        for (int byte = 0; byte < 256; byte++)
            tables[table][byte] = tables[table - 1][byte] >> 8 ^ tables[0][tables[table - 1][byte] & 255];
}

static uint32_t eight(uint32_t checksum, const uint8_t *b) {
    uint32_t first = checksum ^ ((uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24);
    return tables[7][first & 255] ^ tables[6][first >> 8 & 255] ^ tables[5][first >> 16 & 255] ^ tables[4][first >> 24] ^
           tables[3][b[4]] ^ tables[2][b[5]] ^ tables[1][b[6]] ^ tables[0][b[7]];
}

uint32_t inflate_checksum(uint32_t before, const uint8_t *bytes, size_t length) {
    if (crc32)
        return (uint32_t)crc32(before, bytes, (unsigned)length);
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill_tables);
    uint32_t checksum = ~before;
    for (; length >= 8; length -= 8, bytes += 8)
        checksum = eight(checksum, bytes);
    for (; length; length--, bytes++)
        checksum = checksum >> 8 ^ tables[0][(checksum ^ *bytes) & 255];
    return ~checksum;
}
