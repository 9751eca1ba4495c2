#include "engine/fstab.h"

#include <string.h>

#include "base/mem.h"

static const char ends[] = ", \t\n";

/* How much of an option stands before its secret; 0: it has none. */
static size_t before_secret(const char *option)
{
    static const char *const words[] = {"pass=", "password=", "password2=", "secret="};
    /* mount.cifs(8) takes "user=NAME%PASSWORD" too. */
    bool user = !strncmp(option, "user=", 5) || !strncmp(option, "username=", 9);
    size_t n = strcspn(option, ends), name = strcspn(option, "%");
    if (user && name < n)
        return name + 1;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (!strncmp(option, words[i], strlen(words[i])))
            return strlen(words[i]);
    return 0;
}

void fstab_mask(struct strbuf *out, const char *text)
{
    for (const char *p = text; *p;) {
        size_t n = p == text || strchr(ends, p[-1]) ? before_secret(p) : 0;
        if (n) {
            sb_addf(out, "%.*s********", (int)n, p);
            p += n + strcspn(p + n, ends);
        } else {
            sb_addc(out, *p++);
        }
    }
}
