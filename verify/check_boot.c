/* boot.persistent: what is live is also what a reboot would give. */
#include <string.h>

#include "verify/check.h"

struct findings {
    struct strbuf wrong;   /* what no plan puts right */
    struct strbuf pending; /* what config.converged reports */
    size_t units, sysctls, modules;
};

static bool same_value(const char *a, const char *b)
{
    for (;;) { /* vectors: any blank is as good as another */
        a += strspn(a, " \t");
        b += strspn(b, " \t");
        size_t n = strcspn(a, " \t");
        if (n != strcspn(b, " \t") || strncmp(a, b, n) != 0)
            return false;
        if (!n)
            return true;
        a += n;
        b += n;
    }
}

/* Does config.converged report a file that boot reads? Then what it holds is not looked at again.
 */
static bool files_pending(const struct host_result *hr)
{
    for (size_t i = 0; i < hr->catalog.list.n; i++)
        if (hr->catalog.list.v[i]->type == RES_FILE && is_pending(hr, hr->catalog.list.v[i]))
            return true;
    return false;
}

static void look_at_sysctl(struct ctx *x, const struct boot_config *b, const struct resource *r,
                           bool files, struct findings *f)
{
    const char *value = NULL;
    const struct boot_line *l = boot_sysctl(b, x->arena, r->key, &value);
    f->sysctls++;
    if (!l && !files)
        list_add(&f->wrong, "no file sets %s", r->key);
    else if (l && !same_value(value, r->sysctl.value))
        list_add(&f->wrong, "%s line %u sets %s = %s, and is read last (wanted: %s)", l->path,
                 l->number, r->key, value, r->sysctl.value);
}

static void look_at_module(const struct boot_config *b, const struct resource *r,
                           struct findings *f)
{
    const struct boot_line *l = boot_denies_module(b, r->key);
    f->modules++;
    if (l)
        list_add(&f->wrong, "%s line %u keeps the module %s from being loaded", l->path, l->number,
                 r->key);
}

static void look_at(struct ctx *x, const struct host_result *hr, struct findings *f)
{
    const struct boot_config *b = &x->live.hosts[hr->host->index_in_cluster].boot;
    bool files = files_pending(hr);
    for (size_t i = 0; i < hr->catalog.list.n; i++) {
        const struct resource *r = hr->catalog.list.v[i];
        if (r->gone) /* config.converged tells of it */
            continue;
        bool at_boot = r->type == RES_FILE || r->type == RES_BLOCK || r->type == RES_NETWORK;
        if (r->type == RES_SYSCTL)
            look_at_sysctl(x, b, r, files, f);
        else if (r->type == RES_KMOD)
            look_at_module(b, r, f);
        if (r->type == RES_SERVICE) {
            f->units++;
            at_boot = hr->observed.have && !hr->observed.have[r->index].service.enabled;
        }
        if (at_boot && is_pending(hr, r))
            list_add(&f->pending, "%s", r->key);
    }
    for (size_t i = 0; i < b->masked.n; i++)
        list_add(&f->wrong, "%s is masked, so what it reads is not read", b->masked.v[i]);
}

void check_boot(struct ctx *x, const struct subject *s, struct check_result *out)
{
    const struct host_result *hr = run_result_of(x->run, s->host);
    struct findings f = {0};
    if (not_asked(x, s->host, out))
        return;
    look_at(x, hr, &f);
    check_evidence(x, out,
                   "as wanted at boot: units %zu, sysctls %zu, kernel modules %zu",
                   f.units, f.sysctls, f.modules);
    if (boot_matters(hr) && !x->live.hosts[s->host->index_in_cluster].boot.read) {
        check_fail(x, out, "the host did not say what a boot reads");
    } else if (f.wrong.len) {
        out->evidence = NULL;
        check_fail(x, out, "%s", sb_str(&f.wrong));
        check_hint(x, out,
                   "all is well now, and not after the next reboot of %s: take that line "
                   "out, or the file away",
                   s->host->name);
    } else if (f.pending.len) {
        out->evidence = NULL;
        check_skip(x, out, "not settled yet (see config.converged): %s", sb_str(&f.pending));
    } else {
        out->status = CHECK_PASS;
    }
    sb_free(&f.wrong);
    sb_free(&f.pending);
}
