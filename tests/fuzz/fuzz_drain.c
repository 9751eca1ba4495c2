/*
 * keepalived's file as it is on a host, edited to drain a real server. The first byte picks the
 * version, which decides how that is done.
 */
#include "engine/paths.h"
#include "fuzz.h"
#include "fuzz_cluster.h"
#include "modules/registry.h"

/* What becomes of the file; NULL: refused. To be freed. */
static char *edited(const char *conf, struct version v, enum wish w)
{
    static const struct template_set templates;
    const struct cluster *c = fuzz_cluster();
    enum wish wishes[F_HOSTS] = {[F_WEB1] = w};
    struct facts f = {
        .wishes = wishes, .keepalived = v, .keepalived_conf = conf, .keepalived_conf_whole = true};
    struct catalog cat = {
        .cluster = c, .host = &c->hosts[F_LVS1], .facts = &f, .templates = &templates};
    struct err e = {0};
    char *text = NULL;
    if (modules_declare(&module_table_drain, &cat, &e) == 0)
        text = xstrdup(catalog_find(&cat, RES_FILE, KEEPALIVED_CONF)->file.content);
    else
        HOLDS(*e.msg && *e.hint);
    catalog_free(&cat);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct version versions[] = {{2, 2, 7}, {2, 1, 5}};
    if (!size) { /* once, at the start: else nothing below would be reached, and nobody see it */
        autofree char *plain = edited("real_server 10.1.1.132 80 {\n}\n", versions[0], WISH_DRAIN);
        HOLDS(plain);
        return 0;
    }
    struct version v = versions[data[0] % ARRAY_LEN(versions)];
    autofree char *conf = fuzz_text(data + 1, size - 1);
    autofree char *drained = edited(conf, v, WISH_DRAIN), *back = edited(conf, v, WISH_UNDRAIN);
    HOLDS((drained != NULL) == (back != NULL));
    if (!drained)
        return 0;
    /* Again is the same; and back from there is where it would have been without. */
    autofree char *again = edited(drained, v, WISH_DRAIN);
    HOLDS(again && !strcmp(again, drained));
    autofree char *undone = edited(drained, v, WISH_UNDRAIN);
    HOLDS(undone && !strcmp(undone, back));
    return 0;
}
