/* The public key file beside a private one, as ssh-keygen makes them. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/parse.h"
#include "ssh/keyfile.h"

/* "TYPE BASE64", then a comment or nothing: is that the key? */
static bool is_of(char *line, const struct keyfile *k)
{
    unsigned char blob[KEYFILE_PUBLIC_MAX];
    const char *type = parse_word(&line), *b64 = parse_word(&line);
    size_t n = b64 ? strlen(b64) : 0;
    if (!type || strcmp(type, k->type) != 0 || n / 4 * 3 > sizeof blob)
        return false;
    return base64_decode(b64, n, blob) == (long)k->public_len &&
           !memcmp(blob, k->public, k->public_len);
}

bool keyfile_beside(const char *path, const struct keyfile *k, struct strbuf *out)
{
    char text[2 * KEYFILE_PUBLIC_MAX];
    sb_reset(out);
    sb_addf(out, "%s.pub", path);
    autoclose int fd = open(sb_str(out), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t n = fd < 0 || !k->public_len ? -1 : read(fd, text, sizeof text);
    char *end = n > 0 ? memchr(text, '\n', (size_t)n) : NULL;
    if (!end)
        return false;
    *end = '\0';
    return is_of(text, k);
}
