#include "cli/offline.h"

#include <string.h>

#include "cli/json_out.h"
#include "cli/listing.h"
#include "cli/outdir.h"
#include "engine/restype.h"

/* The text that a resource puts into a file, or NULL. */
static const char *content_of(const struct resource *r, size_t *len)
{
    const char *s = r->type == RES_FILE      ? r->file.content
                    : r->type == RES_BLOCK   ? r->block.content
                    : r->type == RES_NETWORK ? r->network.content
                                             : NULL;
    *len = !s ? 0 : r->type == RES_FILE ? r->file.len : strlen(s);
    return s;
}

static void add_content(struct strbuf *sb, const struct session *s, const struct catalog *c,
                        const char *text, size_t len)
{
    if (s->in->args.show_secrets)
        sb_addn(sb, text, len);
    else
        catalog_mask(c, sb, text, len);
}

static int print_text(void *ud, const struct catalog *c, struct err *e)
{
    const struct session *s = ud;
    autosb struct strbuf sb = {0};
    (void)e;
    sb_addf(&sb, "==> %s: plan <==\n", c->host->name);
    list_catalog(&sb, c);
    for (size_t i = 0; i < c->list.n; i++) {
        const struct resource *r = c->list.v[i];
        size_t len;
        const char *text = content_of(r, &len);
        if (!text)
            continue;
        sb_addf(&sb, "\n==> %s:%s (", c->host->name, r->key);
        if (r->type == RES_FILE)
            sb_addf(&sb, "%04o %s:%s) <==\n", r->file.mode, r->file.owner, r->file.group);
        else if (r->type == RES_NETWORK)
            sb_add(&sb, "0644 root:root) <==\n");
        else
            sb_addf(&sb, "block %s) <==\n", r->block.marker);
        add_content(&sb, s, c, text, len);
        if (sb_str(&sb)[sb.len - 1] != '\n')
            sb_add(&sb, "\n\\ no newline at the end\n");
    }
    fputs(sb_str(&sb), stdout);
    if (c->host->index_in_cluster + 1 < c->cluster->n_hosts)
        putchar('\n');
    return 0;
}

static int print_json(void *ud, const struct catalog *c, struct err *e)
{
    const struct session *s = ud;
    (void)e;
    for (size_t i = 0; i < c->list.n; i++) {
        const struct resource *r = c->list.v[i];
        autosb struct strbuf sb = {0}, words = {0}, shown = {0};
        size_t len;
        const char *text = content_of(r, &len);
        json_open(&sb, NULL, '{');
        json_text(&sb, "type", "resource");
        json_text(&sb, "host", c->host->name);
        json_text(&sb, "resource", res_ops(r->type)->name);
        json_text(&sb, "key", r->key);
        json_text(&sb, "module", r->module);
        list_resource(&words, r);
        json_text(&sb, "summary", sb_str(&words));
        if (text) {
            add_content(&shown, s, c, text, len);
            json_text(&sb, "content", sb_str(&shown));
        }
        json_line(&sb, stdout);
    }
    return 0;
}

int offline_print(const struct session *s, struct err *e)
{
    bool json = s->in->args.output == OUTPUT_JSON;
    struct session copy = *s; /* run_offline() hands on a pointer to something not const */
    return run_offline(s->in->cluster, &s->options, json ? print_json : print_text, &copy, e);
}

struct writer {
    struct outdir *dir;
    size_t files;
};

static int write_host(void *ud, const struct catalog *c, struct err *e)
{
    struct writer *w = ud;
    autosb struct strbuf plan = {0};
    list_catalog(&plan, c);
    if (outdir_write(w->dir, c->host->name, "/clusterctl.plan", sb_str(&plan), plan.len, e) < 0)
        return -1;
    for (size_t i = 0; i < c->list.n; i++) {
        size_t len;
        const char *text = content_of(c->list.v[i], &len);
        if (text && outdir_write(w->dir, c->host->name, c->list.v[i]->key, text, len, e) < 0)
            return -1;
        w->files += text != NULL;
    }
    return 0;
}

int offline_write(const struct session *s, struct err *e)
{
    const struct invocation *in = s->in;
    struct outdir *dir = outdir_open(in->args.out, e);
    if (!dir)
        return -1;
    struct writer w = {.dir = dir};
    int rc = run_offline(in->cluster, &s->options, write_host, &w, e);
    if (rc == 0)
        rc = outdir_commit(dir, e);
    outdir_free(dir);
    if (rc == 0 && !in->args.quiet)
        report_note(&in->err, "%zu files for %zu hosts written to %s", w.files,
                    in->cluster->n_hosts, in->args.out);
    return rc;
}
