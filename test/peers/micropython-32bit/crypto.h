// SHA-1 (FIPS 180-4) in place of axTLS, which Debian's source of MicroPython does not have: these are the names that
// extmod/modhashlib.c asks it for.
#include <stdint.h>
#include <string.h>

#define SHA1_SIZE 20

typedef struct {
    uint32_t state[5];
    uint32_t count; // bytes, below 4 GiB
    uint8_t block[64];
} SHA1_CTX;

static inline uint32_t sha1_rotate(uint32_t word, int bits) {
    return word << bits | word >> (32 - bits);
}

static void sha1_take_block(SHA1_CTX *context) {
    uint32_t w[80];
    for (int i = 0; i < 16; i++) {
        const uint8_t *bytes = context->block + 4 * i;
        w[i] = (uint32_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
    }
    for (int i = 16; i < 80; i++) {
        w[i] = sha1_rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    }
    uint32_t *state = context->state;
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int i = 0; i < 80; i++) {
        uint32_t f, k;
        if (i < 20) {
            f = (b & c) | (~b & d), k = 0x5A827999;
        } else if (i < 40) {
            f = b ^ c ^ d, k = 0x6ED9EBA1;
        } else if (i < 60) {
            f = (b & c) | (b & d) | (c & d), k = 0x8F1BBCDC;
        } else {
            f = b ^ c ^ d, k = 0xCA62C1D6;
        }
        uint32_t next = sha1_rotate(a, 5) + f + e + k + w[i];
        e = d, d = c, c = sha1_rotate(b, 30), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

static void SHA1_Init(SHA1_CTX *context) {
    static const uint32_t start[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    memcpy(context->state, start, sizeof(start));
    context->count = 0;
}

static void SHA1_Update(SHA1_CTX *context, const uint8_t *bytes, int size) {
    while (size-- > 0) {
        context->block[context->count++ % 64] = *bytes++;
        if (context->count % 64 == 0) {
            sha1_take_block(context);
        }
    }
}

static void SHA1_Final(uint8_t *digest, SHA1_CTX *context) {
    uint64_t bits = (uint64_t)context->count * 8;
    SHA1_Update(context, (const uint8_t *)"\x80", 1);
    while (context->count % 64 != 56) {
        SHA1_Update(context, (const uint8_t *)"", 1);
    }
    for (int shift = 56; shift >= 0; shift -= 8) {
        uint8_t byte = bits >> shift;
        SHA1_Update(context, &byte, 1);
    }
    for (int i = 0; i < SHA1_SIZE; i++) {
        digest[i] = context->state[i / 4] >> (24 - 8 * (i % 4));
    }
}
