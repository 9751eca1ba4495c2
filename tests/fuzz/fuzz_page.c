/* Pages that real servers serve, as far as they are recognised and shown. */
#include "fuzz.h"
#include "fuzz_cluster.h"
#include "verify/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { SHOWN = 4 * 60 + 3 };
    const struct cluster *c = fuzz_cluster();
    struct arena a = {0};
    struct http_result r = {.status = 200};
    sb_addn(&r.body, (const char *)data, size);
    const char *shown = page_shown(&a, &r.body);
    HOLDS(fuzz_is_safe(shown) && strlen(shown) <= SHOWN);
    HOLDS(fuzz_is_safe(text_shown(&a, sb_str(&r.body))));
    const struct host *h = whoami_of(c, &r);
    HOLDS(!h || (strlen(h->name) + 1 == size && h->roles & ROLE_REAL_SERVER));
    arena_free(&a);
    sb_free(&r.body);
    return 0;
}
