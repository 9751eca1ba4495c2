#include "modules/vrrp_interface.h"

#include <string.h>

#include "modules/words.h"

const char *vrrp_interface(const struct catalog *cat, struct err *e)
{
    const struct facts *f = cat->facts;
    char buf[IPADDR_STRLEN];
    const char *name = cat->host->interface             ? cat->host->interface
                       : cat->cluster->vrrp.interface ? cat->cluster->vrrp.interface
                                                      : f->interface;
    if (!name) {
        err_set(e, ERR_FAILED, "no network interface holds %s",
                ipaddr_str(&cat->host->address, buf));
        err_hint(e, "name the interface that VRRP is to use: \"interface\" of the host or of vrrp");
        return NULL;
    }
    if (interface_check(name, e) < 0)
        return NULL;
    for (size_t i = 0; i < f->ifaces.n; i++)
        if (!strcmp(f->ifaces.v[i].name, name))
            return name;
    if (!f->ifaces.n) /* not known: nobody looked */
        return name;
    err_set(e, ERR_FAILED, "there is no network interface %s", name);
    if (f->interface)
        err_hint(e, "%s is on %s", ipaddr_str(&cat->host->address, buf), f->interface);
    return NULL;
}
