#include "cli/listing.h"

#include <string.h>

static const char *check_name(enum file_check c)
{
    switch (c) {
    case FILE_CHECK_NONE: return NULL;
    case FILE_CHECK_KEEPALIVED: return "keepalived -t";
    case FILE_CHECK_NGINX: return "nginx -t";
    case FILE_CHECK_FSTAB: return "findmnt --verify";
    case FILE_CHECK_SYSTEMD: return "systemd-analyze verify";
    case FILE_CHECK_NFT: return "nft -c";
    case FILE_CHECK_PROMETHEUS: return "promtool check config";
    case FILE_CHECK_PROMETHEUS_RULES: return "promtool check rules";
    }
    return NULL;
}

static void list_words(struct strbuf *out, const char *const *words)
{
    for (; words && *words; words++)
        sb_addf(out, " %s", *words);
}

static void list_firewall(struct strbuf *out, const struct res_firewall *f)
{
    if (f->disabled)
        sb_add(out, " disabled");
    for (size_t i = 0; i < f->n_rules; i++) {
        const struct fw_rule *r = &f->rules[i];
        char ip[IPADDR_STRLEN];
        sb_addf(out, "%s %s", i ? "," : " allow", r->protocol);
        if (r->port)
            sb_addf(out, "/%u", r->port);
        sb_addf(out, " from %s", r->source.family ? ipaddr_str(&r->source, ip) : "anywhere");
    }
}

static void list_file(struct strbuf *out, const struct resource *r)
{
    const struct res_file *f = &r->file;
    sb_addf(out, "file %s (%04o %s:%s)%s", r->key, f->mode, f->owner, f->group,
            f->seed ? ", only when missing" : "");
    if (check_name(f->check))
        sb_addf(out, ", checked by %s", check_name(f->check));
}

static void list_service(struct strbuf *out, const struct resource *r)
{
    sb_addf(out, "service %s %s, %s", r->key, r->service.enabled ? "enabled" : "not enabled",
            r->service.active ? "active" : "not active");
}

static void list_body(struct strbuf *out, const struct resource *r)
{
    switch (r->type) {
    case RES_HOSTNAME: sb_addf(out, "hostname %s", r->key); break;
    case RES_NETWORK:
        sb_addf(out, "network %s static at %s in %s", r->network.interface, r->network.live, r->key);
        break;
    case RES_CONFIRM: sb_addf(out, "confirm the network, else %s takes it back", r->key); break;
    case RES_PACKAGES:
        sb_add(out, "packages");
        list_words(out, r->packages.names);
        if (r->packages.manager != PACKAGES_APT)
            sb_addf(out, " (%s)", manager_name(r->packages.manager));
        if (r->packages.repository)
            sb_addf(out, ", after %s", r->packages.repository);
        break;
    case RES_PORT:
        sb_addf(out, "port %s free or held by %s%s", r->key, r->port.owner,
                r->port.stop ? "; another web server is stopped" : "");
        break;
    case RES_DIR:
        sb_addf(out, "dir %s", r->key);
        if (!r->dir.any)
            sb_addf(out, " (%04o %s:%s)", r->dir.mode, r->dir.owner, r->dir.group);
        break;
    case RES_FILE: list_file(out, r); break;
    case RES_BLOCK: sb_addf(out, "block %s in %s", r->block.marker, r->key); break;
    case RES_SYSCTL: sb_addf(out, "sysctl %s = %s", r->key, r->sysctl.value); break;
    case RES_KMOD: sb_addf(out, "kmod %s", r->key); break;
    case RES_ADDRESS:
        sb_addf(out, "address %s%s%s", r->key, r->address.label ? " label " : "",
                r->address.label ? r->address.label : "");
        break;
    case RES_FIREWALL:
        sb_add(out, "firewall");
        list_firewall(out, &r->firewall);
        break;
    case RES_SELINUX:
        sb_addf(out, "selinux %s%s",
                r->selinux.mode == SELINUX_DISABLED ? "disabled" : "permissive",
                r->selinux.by_argument ? ", by the kernel's argument" : "");
        break;
    case RES_SEBOOL: sb_addf(out, "sebool %s on", r->key); break;
    case RES_EXPORT:
        sb_addf(out, "export %s (%s) to", r->key, r->export.options);
        list_words(out, r->export.clients);
        break;
    case RES_MOUNT:
        sb_addf(out, "mount %s from %s, %s", r->key, r->mount.source, r->mount.fstype);
        if (r->mount.options)
            sb_addf(out, " (%s)", r->mount.options);
        break;
    case RES_SERVICE: list_service(out, r); break;
    case RES_OWNED: sb_addf(out, "memory of what was before, in %s", r->key); break;
    case RES_TYPES: break;
    }
}

void list_resource(struct strbuf *out, const struct resource *r)
{
    list_body(out, r);
    if (r->notify)
        sb_addf(out, ", then %s %s", r->notify_how == NOTIFY_RESTART ? "restart" : "reload",
                r->notify);
    for (size_t i = 0; i < r->n_needs; i++)
        sb_addf(out, "%s%s on %s", i ? ", " : ", after ", r->needs[i].milestone,
                r->needs[i].host->name);
    if (r->provides)
        sb_addf(out, ", gives %s", r->provides);
}

void list_catalog(struct strbuf *out, const struct catalog *c)
{
    for (size_t i = 0; i < c->list.n; i++) {
        list_resource(out, c->list.v[i]);
        sb_addc(out, '\n');
    }
}
