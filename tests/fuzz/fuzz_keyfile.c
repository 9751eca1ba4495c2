/* Private key files. */
#include <openssl/err.h>

#include "fuzz.h"
#include "fuzz_file.h"
#include "ssh/keyfile.h"

/* Of a few only where it is no key at all, which takes OpenSSL most of the time to find. */
static void with_passphrase(const char *path, const struct keyfile *without, size_t size)
{
    struct keyfile k;
    if (!without->usable && !without->encrypted && size % 8)
        return;
    keyfile_inspect(path, "secret", &k);
    HOLDS(!(k.usable && (k.wrong || k.encrypted)) && k.public_len <= sizeof k.public);
    HOLDS(without->encrypted || (!k.wrong && !k.encrypted));
    /* What needs none is not opened any other way with one. */
    HOLDS(!without->usable || (k.usable && !strcmp(k.type, without->type)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keyfile k;
    const char *path = fuzz_file(data, size);
    keyfile_inspect(path, NULL, &k);
    with_passphrase(path, &k, size);
    HOLDS(!k.wrong && !(k.usable && k.encrypted));
    HOLDS(k.exists);
    HOLDS(k.usable == !*k.problem && (!k.usable || (*k.type && !*k.remedy)));
    HOLDS(!k.usable || k.is_rsa == !strcmp(k.type, "ssh-rsa"));
    HOLDS(fuzz_is_safe(k.type) && fuzz_is_safe(k.problem) && fuzz_is_safe(k.remedy));
    /* What is encrypted is never handed to libssh2. */
    if (memmem(data, size, "ENCRYPTED", 9) && !memmem(data, size, "OPENSSH", 7))
        HOLDS(!k.usable || !memmem(data, size, "Proc-Type: 4,ENCRYPTED", 22));
    ERR_clear_error();
    return 0;
}
