/* The lower half of the screen: real servers, exports, hosts. */
#include <string.h>

#include "cli/status_sheet.h"

static void heading(struct sheet *p, const char *text)
{
    sheet_colored(p, C_BOLD, text);
    sb_addc(p->sb, '\n');
}

enum { W_TABLES = 7, W_NGINX = 8, W_PAGE = 9, W_VIP = 6 };

/* The worst of its ports. */
static void answer_cell(struct sheet *p, const struct status_real_server *s)
{
    autosb struct strbuf sb = {0};
    const struct status_page *worst = NULL;
    for (size_t i = 0; i < s->n_pages; i++)
        if (!worst || (worst->status == 200 && s->pages[i].status != 200))
            worst = &s->pages[i];
    if (!worst)
        sb_add(&sb, "?");
    else if (!worst->status)
        sb_add(&sb, "no answer");
    else
        sb_addf(&sb, "%ld %lldms", worst->status, (long long)worst->elapsed_us / 1000);
    sheet_cell(p, worst && worst->status != 200 ? C_RED : C_RESET, sb_str(&sb), W_PAGE);
}

static void mount_cell(struct sheet *p, const struct status_real_server *s)
{
    autosb struct strbuf sb = {0};
    bool bad = !s->mount_source || s->mount_other || s->mount_dead;
    if (!s->answered || !s->wants_mount) {
        sb_add(p->sb, s->answered ? "none wanted" : "?");
        return;
    }
    if (s->mount_source)
        sb_addf(&sb, "%s%s%s %s%s", s->mount_type, *s->mount_version ? " " : "", s->mount_version,
                s->mount_source,
                s->mount_other  ? " (not the share)"
                : s->mount_dead ? " (does not answer)"
                                : "");
    else
        sb_add(&sb, "nothing mounted");
    sheet_colored(p, bad ? C_RED : C_RESET, sb_str(&sb));
}

static void real_server(struct sheet *p, const struct status_real_server *s)
{
    autosb struct strbuf tables = {0}, vips = {0};
    size_t n = p->r->cluster->n_vips;
    if (s->tables_of)
        sb_addf(&tables, "%zu/%zu", s->tables, s->tables_of);
    if (n > 1)
        sb_addf(&vips, "%zu/%zu", s->vips_on_lo, n);
    else
        sb_add(&vips, s->vips_on_lo ? "yes" : "no");
    sheet_cell(p, C_RESET, s->host->name, p->name_width);
    sheet_cell(p, s->missing_in ? C_RED : s->drained ? C_YELLOW : C_RESET,
               !s->tables_of                   ? "?"
               : s->drained && !s->missing_in ? "drained"
                                               : sb_str(&tables),
               W_TABLES);
    sheet_cell(p, s->answered && !s->nginx_active ? C_RED : C_RESET, s->answered ? s->nginx : "?",
               W_NGINX);
    answer_cell(p, s);
    sheet_cell(p, s->answered && s->vips_on_lo < n ? C_RED : C_RESET,
               s->answered ? sb_str(&vips) : "?", W_VIP);
    mount_cell(p, s);
    sb_addc(p->sb, '\n');
}

void sheet_real_servers(struct sheet *p)
{
    sb_addc(p->sb, '\n');
    sheet_cell(p, C_BOLD, "REAL SERVER", p->name_width);
    sheet_cell(p, C_BOLD, "TABLES", W_TABLES);
    sheet_cell(p, C_BOLD, "NGINX", W_NGINX);
    sheet_cell(p, C_BOLD, "PAGE", W_PAGE);
    sheet_cell(p, C_BOLD, "LO VIP", W_VIP);
    heading(p, "MOUNT");
    for (size_t i = 0; i < p->r->n_real_servers; i++)
        real_server(p, &p->r->real_servers[i]);
    for (size_t i = 0; i < p->r->n_exports; i++) {
        const struct status_export *x = &p->r->exports[i];
        sb_addf(p->sb, "%s exports %s to ", x->host->name, x->path);
        for (size_t k = 0; k < x->n_clients; k++)
            sb_addf(p->sb, "%s%s", k ? ", " : "", x->clients[k]);
        sheet_colored(p, x->missing ? C_RED : C_RESET, x->n_clients ? "" : "nobody");
        sb_addc(p->sb, '\n');
    }
}

static const char *version_of(const struct status_host *h, const char *unit)
{
    return !strcmp(unit, "nginx.service")        ? h->nginx
           : !strcmp(unit, "keepalived.service") ? h->keepalived
           : !strncmp(unit, "nfs-", 4)           ? h->nfs_utils
                                                 : "";
}

/* "nginx 1.22.1, clusterctl-vip failed not enabled"; that a client's nfs-utils are, JSON tells. */
static void services_of(struct sheet *p, const struct status_host *h)
{
    for (size_t i = 0; i < h->n_units; i++) {
        const struct status_unit *u = &h->units[i];
        const char *suffix = strstr(u->name, ".service"), *version = version_of(h, u->name);
        sb_addf(p->sb, "%s%.*s%s%s", i ? ", " : "",
                (int)(suffix ? (size_t)(suffix - u->name) : strlen(u->name)), u->name,
                *version ? " " : "", version);
        if (!u->active) {
            sb_addc(p->sb, ' ');
            sheet_colored(p, C_RED, u->state);
        }
        if (!u->enabled) {
            sb_addc(p->sb, ' ');
            sheet_colored(p, C_YELLOW, "not enabled");
        }
    }
}

enum { W_CHANGES = 7, W_KERNEL = 14 };

static void host(struct sheet *p, const struct status_host *h, size_t kernel_width)
{
    static const char *const words[] = {"", "late", "unreachable", "cannot be asked"};
    autosb struct strbuf changes = {0};
    sheet_cell(p, C_RESET, h->host->name, p->name_width);
    if (h->answer != STATUS_ANSWERED) {
        sheet_colored(p, h->answer == STATUS_LATE ? C_YELLOW : C_RED, words[h->answer]);
        sb_add(p->sb, ": ");
        sb_foreign(p->sb, h->why, false);
        sb_addc(p->sb, '\n');
        return;
    }
    sb_addf(&changes, "%zu", h->changes);
    if (h->blocked)
        sb_addf(&changes, " (%zu !)", h->blocked);
    sheet_cell(p, h->changes ? C_YELLOW : C_RESET, h->planned ? sb_str(&changes) : "?", W_CHANGES);
    sheet_cell(p, C_RESET, h->kernel, kernel_width);
    services_of(p, h);
    sb_addc(p->sb, '\n');
}

void sheet_hosts(struct sheet *p)
{
    enum { FRESH_MS = 1000 }; /* of this look */
    const struct status_report *r = p->r;
    size_t kernel_width = W_KERNEL;
    int64_t oldest = 0;
    for (size_t i = 0; i < r->n_hosts; i++) {
        const struct status_host *h = &r->hosts[i];
        if (h->answer != STATUS_ANSWERED)
            continue;
        if (term_width(h->kernel) > kernel_width)
            kernel_width = term_width(h->kernel);
        if (h->planned && h->planned_ago_ms - h->elapsed_ms > oldest)
            oldest = h->planned_ago_ms - h->elapsed_ms;
    }
    sb_addc(p->sb, '\n');
    sheet_cell(p, C_BOLD, "HOST", p->name_width);
    sheet_cell(p, C_BOLD, "CHANGES", W_CHANGES);
    sheet_cell(p, C_BOLD, "KERNEL", kernel_width);
    sheet_colored(p, C_BOLD, "SERVICES");
    if (oldest > FRESH_MS)
        sb_addf(p->sb, "  (changes: %lld s ago)", (long long)oldest / 1000);
    sb_addc(p->sb, '\n');
    for (size_t i = 0; i < r->n_hosts; i++)
        host(p, &r->hosts[i], kernel_width);
}
