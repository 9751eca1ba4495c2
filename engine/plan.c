#include "engine/plan.h"

#include <stdarg.h>
#include <string.h>

#include "base/strbuf.h"
#include "engine/restype.h"
#include "engine/udiff.h"

static const struct res_ops *const table[RES_TYPES] = {
    [RES_HOSTNAME] = &res_hostname_ops, [RES_PACKAGES] = &res_packages_ops,
    [RES_NETWORK] = &res_network_ops,   [RES_CONFIRM] = &res_confirm_ops,
    [RES_PORT] = &res_port_ops,         [RES_DIR] = &res_dir_ops,
    [RES_FILE] = &res_file_ops,         [RES_BLOCK] = &res_block_ops,
    [RES_SYSCTL] = &res_sysctl_ops,     [RES_KMOD] = &res_kmod_ops,
    [RES_ADDRESS] = &res_address_ops,   [RES_FIREWALL] = &res_firewall_ops,
    [RES_SEBOOL] = &res_sebool_ops,     [RES_EXPORT] = &res_export_ops,
    [RES_MOUNT] = &res_mount_ops,       [RES_SERVICE] = &res_service_ops,
    [RES_OWNED] = &res_owned_ops,       [RES_SELINUX] = &res_selinux_ops,
};

const struct res_ops *res_ops(enum res_type t)
{
    return table[t];
}

void plan_make(struct plan *p, const struct catalog *want, const struct observation *have)
{
    *p = (struct plan){.catalog = want};
    for (size_t i = 0; i < want->list.n; i++)
        plan_diff(p, want->list.v[i], &have->have[i]);
}

void plan_diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    if (want->gone)
        owned_diff(p, want, have);
    else
        res_ops(want->type)->diff(p, want, have);
}

void plan_apply(struct script *s, const struct step *step)
{
    if (step->want->gone)
        owned_apply(s, step);
    else
        res_ops(step->want->type)->apply(s, step);
}

enum impact plan_impact(const struct plan *p)
{
    enum impact worst = IMPACT_NONE;
    for (size_t i = 0; i < p->steps.n; i++)
        if (p->steps.v[i].impact > worst)
            worst = p->steps.v[i].impact;
    return worst;
}

const char *plan_wants_boot(const struct catalog *want, const struct observation *have)
{
    for (size_t i = 0; i < want->list.n; i++)
        if (want->list.v[i]->type == RES_SELINUX &&
            selinux_wants_boot(want->list.v[i], &have->have[i]))
            return "SELinux is disabled from the next boot on, and permissive until then";
    return NULL;
}

void plan_free(struct plan *p)
{
    vec_free(&p->steps);
    arena_free(&p->arena);
}

struct step *plan_step(struct plan *p, const struct resource *want, const struct resource *have,
                       enum impact impact, const char *fmt, ...)
{
    autosb struct strbuf sb = {0};
    va_list ap;
    va_start(ap, fmt);
    sb_vaddf(&sb, fmt, ap);
    va_end(ap);
    struct step *s = vec_push(&p->steps);
    s->want = want;
    s->have = have;
    s->impact = impact;
    s->summary = arena_strdup(&p->arena, sb_str(&sb));
    return s;
}

enum notify plan_notified(const struct plan *p, const char *unit)
{
    enum notify how = NOTIFY_NONE;
    for (size_t i = 0; i < p->steps.n; i++) {
        const struct resource *w = p->steps.v[i].want;
        if (w->notify && !strcmp(w->notify, unit) && w->notify_how > how)
            how = w->notify_how;
    }
    return how;
}

void step_set_diff(struct plan *p, struct step *s, const char *path, const char *old,
                   const char *new)
{
    autosb struct strbuf diff = {0};
    autosb struct strbuf shown = {0};
    udiff(&diff, path, old, new);
    catalog_mask(p->catalog, &shown, sb_str(&diff), diff.len);
    if (shown.len)
        s->diff = arena_strdup(&p->arena, sb_str(&shown));
}
