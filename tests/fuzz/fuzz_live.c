/* What verify asks hosts for: addresses, the IPVS table and its listings, VRRP, mounts, boot files,
 * Prometheus' answers. Records, a line each. */
#include "fuzz.h"
#include "verify/live.h"

static const struct service http = {.port = 80};

static void interfaces(const struct live_host *h)
{
    for (size_t i = 0; i < h->ifaces.n; i++) {
        const struct live_iface *n = h->ifaces.v[i];
        HOLDS(fuzz_is_safe(n->name) && fuzz_is_safe(n->mac) && strlen(n->name) <= 4 * 15);
        for (size_t k = 0; k < n->addresses.n; k++) {
            const struct live_iface *holder = live_holder(h, &n->addresses.v[k], NULL);
            HOLDS(holder);
            for (size_t hops = 0; holder != n; hops++) {
                HOLDS(holder && hops < h->ifaces.n);
                holder = live_holder(h, &n->addresses.v[k], holder);
            }
        }
    }
}

static void table(const struct ipvs_table *t)
{
    size_t dests = 0;
    HOLDS(t->services.n <= IPVS_MAX_SERVICES && t->n_dests <= IPVS_MAX_DESTS);
    HOLDS(t->listed <= t->services.n && fuzz_is_safe(t->bad));
    for (size_t i = 0; i < t->services.n; i++) {
        const struct ipvs_service *s = &t->services.v[i];
        HOLDS(*s->name && fuzz_is_safe(s->name) && fuzz_is_safe(s->scheduler));
        for (size_t k = 0; k < s->dests.n; k++) {
            const struct ipvs_dest *d = &s->dests.v[k];
            HOLDS(strchr("gim", d->forward) && d->forward && d->address.family);
            HOLDS(ipvs_dest_find(s, &d->address, d->port));
            HOLDS(d->traffic.active <= s->traffic.active);
            HOLDS(d->traffic.inactive <= s->traffic.inactive);
        }
        dests += s->dests.n;
    }
    HOLDS(dests == t->n_dests);
    ipvs_find(t, &http);
}

static void vrrp(const struct vrrp_running *r)
{
    HOLDS(r->instances.n <= VRRP_MAX_INSTANCES && fuzz_is_safe(r->error));
    for (size_t i = 0; i < r->instances.n; i++) {
        const struct vrrp_instance *v = r->instances.v[i];
        HOLDS(fuzz_is_safe(v->name) && fuzz_is_safe(v->state) && v->advert_ms <= 256000);
        HOLDS(v->vips.n <= VRRP_MAX_VIPS && v->priority <= 1000000);
        for (size_t k = 0; k < v->vips.n; k++)
            HOLDS(vrrp_running_of(r, &v->vips.v[k]));
    }
}

static void boot(struct live_host *h)
{
    static const char *const keys[] = {"net.ipv4.conf.all.arp_ignore", "net/ipv4/ip_forward"};
    const struct boot_config *b = &h->boot;
    HOLDS(b->lines.n <= BOOT_MAX_LINES && b->files.n <= BOOT_MAX_LINES);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const char *value = NULL;
        const struct boot_line *l = boot_sysctl(b, &h->arena, keys[i], &value);
        HOLDS(!l || (l >= b->lines.v && l < b->lines.v + b->lines.n && value));
        HOLDS(!l || strstr(l->text, value));
    }
    const struct boot_line *l = boot_denies_module(b, "ip_vs");
    HOLDS(!l || strstr(l->text, "ip"));
}

static void rest(struct live_host *h)
{
    const struct live_mount *m = &h->mount;
    const char *version = mount_option(&h->arena, m->options, "vers");
    HOLDS(!m->fstype || (m->source && m->options));
    HOLDS(!version || strstr(m->options, version));
    HOLDS(fuzz_is_safe(h->ipvs_error) && fuzz_is_safe(h->token_error));
    HOLDS(fuzz_is_safe(h->prometheus.error));
    for (size_t i = 0; i < h->prometheus.targets.n; i++)
        HOLDS(h->prometheus.targets.v[i].job && h->prometheus.targets.v[i].host);
    for (size_t i = 0; i < h->prometheus.alerts.n; i++)
        HOLDS(h->prometheus.alerts.v[i].name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct live_host h = {0};
    autofree char *text = fuzz_text(data, size);
    const char *lines = text;
    for (char *line; (line = fuzz_line(&lines)); free(line))
        live_record(&h, line);
    interfaces(&h);
    table(&h.ipvs);
    vrrp(&h.vrrp);
    boot(&h);
    rest(&h);
    live_forget(&h);
    return 0;
}
