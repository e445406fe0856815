/*
 * SHA-256 by the OpenSSL that is part of Node.js, which uses the processor's instructions for it. A program that
 * has none has no such functions.
 */
#include <errno.h>
#include <string.h>

#include "shim.h"

__attribute__((weak)) int SHA256_Init(void *state);
__attribute__((weak)) int SHA256_Update(void *state, const void *bytes, size_t length);
__attribute__((weak)) int SHA256_Final(uint8_t *digest, void *state);

/* struct SHA256state_st of openssl/sha.h has 112. */
_Static_assert(TD_DIGEST_BYTES >= 112, "the state of a digest");

int td_digest_begin(uint8_t *state, size_t length) {
    if (length < TD_DIGEST_BYTES)
        return -EINVAL;
    return SHA256_Init && SHA256_Update && SHA256_Final ? SHA256_Init(state) - 1 : -ENOSYS;
}

int td_digest_add(uint8_t *state, const uint8_t *bytes, size_t length) { return SHA256_Update(state, bytes, length) - 1; }

int td_digest_end(uint8_t *state, uint8_t *digest) { return SHA256_Final(digest, state) - 1; }
