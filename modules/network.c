#include <string.h>

#include "engine/netstack.h"
#include "modules/registry.h"
#include "modules/words.h"

/*
 * The host's inventory address, static on the interface that holds it, in a file of ours for what
 * manages that interface. The network is changed under a timer that takes it back; the confirmation
 * needs the milestone of the change, so that it is sent over the very network that it confirms.
 */
static const struct net_row *row_of(const struct catalog *cat, struct err *e)
{
    const struct net_row *row = net_row(cat->facts->net_stack);
    if (row)
        return row;
    err_set(e, ERR_FAILED, "%s manages %s; not supported yet",
            cat->facts->net_stack == NET_UNKNOWN ? "something that clusterctl does not know"
                                                 : net_stack_names[cat->facts->net_stack],
            cat->facts->interface);
    if (cat->facts->net_stack == NET_NETPLAN_NM)
        err_hint(e, "let netplan write for systemd-networkd (\"renderer: networkd\"), or remove \"network\" from "
                    "the inventory");
    else
        err_hint(e, "give the interface to ifupdown (/etc/network/interfaces), systemd-networkd, netplan, "
                    "NetworkManager or network-scripts, or remove \"network\" from the inventory");
    return NULL;
}

/* The interface that holds the address; what the inventory names must be the same. */
static const char *interface_of(const struct catalog *cat, struct err *e)
{
    const struct host *h = cat->host;
    const char *holder = NULL;
    char own[IPADDR_STRLEN];
    if (!facts_has_address(cat->facts, &h->address, &holder)) {
        err_set(e, ERR_FAILED, "no network interface holds %s", ipaddr_str(&h->address, own));
        err_hint(e, "an address cannot be given to a host by this: it must have it already");
        return NULL;
    }
    /* A director's interface is VRRP's, which may be another one. */
    if (h->interface && !(h->roles & ROLE_DIRECTOR) && strcmp(h->interface, holder) != 0) {
        err_set(e, ERR_FAILED, "%s is on %s, not on %s", ipaddr_str(&h->address, own), holder,
                h->interface);
        err_hint(e, "an address cannot be moved by this: correct \"interface\" of the host");
        return NULL;
    }
    return interface_check(holder, e) < 0 ? NULL : holder;
}

/* A list of what the template has a line for: all servers, or one each. */
static json_t *dns_of(const struct catalog *cat, const char *separator)
{
    const struct address_list *l = &cat->cluster->network.dns;
    json_t *list = json_array();
    autosb struct strbuf all = {0};
    for (size_t i = 0; i < l->n; i++) {
        char buf[IPADDR_STRLEN];
        ipaddr_str(&l->v[i], buf);
        if (!separator)
            json_array_append_new(list, json_pack("{s:s, s:i}", "dns", buf, "number", (int)i + 1));
        else
            sb_addf(&all, "%s%s", i ? separator : "", buf);
    }
    if (all.len)
        json_array_append_new(list, json_pack("{s:s}", "dns", sb_str(&all)));
    return list;
}

static const char *render(struct catalog *cat, const struct net_row *row, const char *interface,
                          struct err *e)
{
    const struct network *n = &cat->cluster->network;
    char own[IPADDR_STRLEN], gw[IPADDR_STRLEN];
    json_t *data = json_pack("{s:s, s:s, s:s, s:i, s:o}", "cluster", cat->cluster->name, "interface",
                             interface, "address", ipaddr_str(&cat->host->address, own), "prefix",
                             (int)n->prefix, "dns",
                             dns_of(cat, row->dns_separator));
    if (n->gateway.family)
        json_object_set_new(data, "gateway", json_string(ipaddr_str(&n->gateway, gw)));
    return catalog_render(cat, row->template, data, e);
}

static int declare(struct catalog *cat, struct err *e)
{
    const struct network *n = &cat->cluster->network;
    if (!n->managed)
        return 0;
    const char *interface = interface_of(cat, e);
    const struct net_row *row = interface ? row_of(cat, e) : NULL;
    const char *path = row ? row->file(&cat->arena, cat->facts, interface, e) : NULL;
    const char *text = path ? render(cat, row, interface, e) : NULL;
    if (!text)
        return -1;
    struct resource *r = want_network(cat, path,
                                      (struct res_network){.stack = cat->facts->net_stack,
                                                           .interface = interface,
                                                           .address = cat->host->address,
                                                           .content = text},
                                      n->prefix, &n->gateway);
    r->provides = "network-applied";
    want_needs(cat, want_confirm(cat), cat->host, "network-applied", false);
    return 0;
}

const struct module module_network = {
    .name = "network",
    .summary = "the host's address is static, and the network confirmed",
    .roles = ROLE_DIRECTOR | ROLE_REAL_SERVER | ROLE_NFS,
    .declare = declare,
};
