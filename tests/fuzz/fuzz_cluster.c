#include "fuzz_cluster.h"

#include "fuzz.h"
#include "inventory/load.h"

static const char inventory[] =
    "{\"cluster\": \"web\", \"vips\": [\"10.1.1.140\", \"10.1.1.141\"],"
    " \"services\": [{\"port\": 80}, {\"port\": 81, \"protocol\": \"udp\", \"check\": {\"type\": "
    "\"tcp\"}}],"
    " \"vrrp\": {\"version\": 2, \"advert_interval\": 1, \"auth_pass\": \"zq7Xpass\"},"
    " \"network\": {\"prefix\": 24, \"gateway\": \"10.1.1.1\"}, \"monitoring\": {},"
    " \"hosts\": ["
    "{\"name\": \"d1\", \"address\": \"10.1.1.130\", \"role\": \"director\"},"
    "{\"name\": \"d2\", \"address\": \"10.1.1.131\", \"role\": \"director\"},"
    "{\"name\": \"w1\", \"address\": \"10.1.1.132\", \"role\": \"real_server\", \"weight\": 3},"
    "{\"name\": \"w2\", \"address\": \"10.1.1.133\", \"role\": \"real_server\", \"page\": \"two\"},"
    "{\"name\": \"n\", \"address\": \"10.1.1.134\", \"role\": \"nfs\"}]}";

const struct cluster *fuzz_cluster(void)
{
    static const struct cluster *c;
    struct diagnostics diags = {0};
    struct err e = {0};
    if (!c) {
        c = inventory_parse(inventory, sizeof inventory - 1, "inventory", "/", &diags, &e);
        autosb struct strbuf why = {0};
        diagnostics_print(&diags, "inventory", &why);
        if (!c)
            fuzz_broken(__FILE__, __LINE__, sb_str(&why));
        diagnostics_free(&diags);
    }
    return c;
}
