#include "base/sha256.h"

#include <openssl/evp.h>
#include <stdio.h>

const char *sha256_hex(const void *data, size_t n, char out[static SHA256_HEX_LEN])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_Digest(data, n, digest, &len, EVP_sha256(), NULL);
    for (unsigned i = 0; i < len; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", digest[i]);
    return out;
}
