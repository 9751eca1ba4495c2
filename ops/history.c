/* Asking hosts for their records, and finding runs among them. */
#include "ops/history.h"

#include <string.h>

#include "base/parse.h"
#include "ops/history_parse.h"

const char *run_outcome_name(enum run_outcome o)
{
    static const char *const names[] = {[RUN_UNFINISHED] = "unfinished",
                                        [RUN_DONE] = "done",
                                        [RUN_FAILED] = "failed",
                                        [RUN_INTERRUPTED] = "interrupted"};
    return names[o];
}

static void ask_records(struct script *s, const struct host_result *hr, void *ud)
{
    struct records *said = &((struct records *)ud)[hr->host->index_in_cluster];
    records_free(said);
    *said = (struct records){0};
    script_add(s, "cd " RUNS_DIR " 2>/dev/null && {\n"
                  "  set -- *.jsonl\n"
                  "  [ ! -f \"$1\" ] || awk -v p=\"@$N r \" '\n"
                  "    FNR == 1 { i = FILENAME; sub(/[.]jsonl$/, \"\", i) } { print p i \" \" $0 }' \\\n"
                  "    \"$@\" </dev/null\n"
                  "}\n:\n");
}

static int take_record(const struct host_result *hr, char *value, void *ud, struct err *e)
{
    struct records *all = ud;
    return records_take(&all[hr->host->index_in_cluster], value, e);
}

int history_read(struct run *r, struct history *out, struct err *e)
{
    const struct cluster *c = run_cluster(r);
    struct records *all = xcalloc(c->n_hosts, sizeof *all);
    const struct remote_query q = {.fragment = ask_records, .record = take_record, .ud = all, .insist = true};
    *out = (struct history){0};
    int rc = run_query(r, &q, e);
    history_build(out, c, all);
    for (size_t i = 0; i < c->n_hosts; i++)
        records_free(&all[i]);
    xfree(all);
    return rc;
}

void history_free(struct history *h)
{
    arena_free(&h->arena);
    *h = (struct history){0};
}

/* An id may be told by what people see of it: its end is enough on most days. */
static bool is_meant(const char *id, const char *name)
{
    size_t n = strlen(name), len = strlen(id);
    return n <= len && (!strncmp(id, name, n) || !strcmp(id + len - n, name));
}

const struct history_run *history_find(const struct history *h, const char *name, struct err *e)
{
    const struct history_run *found = NULL;
    for (size_t i = 0; i < h->n; i++) {
        if (!is_meant(h->runs[i]->id, name))
            continue;
        if (found) {
            err_set(e, ERR_USAGE, "'%s' may be %s or %s", name, found->id, h->runs[i]->id);
            return NULL;
        }
        found = h->runs[i];
    }
    if (!found) {
        err_set(e, ERR_USAGE, "no host remembers a run '%s'", name);
        err_hint(e, "`clusterctl history` lists the runs; a host keeps its last %d", RECORD_KEEP);
    }
    return found;
}

const struct history_run *history_last_change(const struct history *h)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->runs[i]->changes && !h->runs[i]->part)
            return h->runs[i];
    return NULL;
}

const struct history_run *history_good_before(const struct history *h, const char *id)
{
    for (size_t i = 0; i < h->n; i++) {
        const struct history_run *r = h->runs[i];
        if (strcmp(r->id, id) < 0 && r->outcome == RUN_DONE && !r->part &&
            r->inventory_sha)
            return r;
    }
    return NULL;
}

struct wanted {
    const char *sha;
    struct strbuf *texts; /* one for each host */
};

static void ask_inventory(struct script *s, const struct host_result *hr, void *ud)
{
    const struct wanted *w = ud;
    if (!(hr->host->roles & ROLE_DIRECTOR))
        return;
    script_add(s, "i=" RUNS_DIR "/inventory-");
    script_add(s, w->sha);
    script_add(s, "\n[ ! -r \"$i\" ] || { printf '@%s r ' \"$N\"; base64 -w 0 \"$i\"; echo; }\n");
}

static int take_inventory(const struct host_result *hr, char *value, void *ud, struct err *e)
{
    const struct wanted *w = ud;
    struct strbuf *out = &w->texts[hr->host->index_in_cluster];
    size_t n = strlen(value);
    autofree unsigned char *buf = xmalloc(n / 4 * 3 + 1);
    long len = base64_decode(value, n, buf);
    if (len < 0)
        return err_set(e, ERR_PROTOCOL, "the host's inventory is not base64");
    sb_reset(out);
    sb_addn(out, (const char *)buf, (size_t)len);
    return 0;
}

static bool is_digest(const char *s)
{
    return strlen(s) == SHA256_HEX_LEN - 1 && strspn(s, "0123456789abcdef") == SHA256_HEX_LEN - 1;
}

int history_inventory(struct run *r, const char *sha256, struct strbuf *out, struct err *e)
{
    const struct cluster *c = run_cluster(r);
    if (!is_digest(sha256))
        return err_set(e, ERR_PROTOCOL, "the record names no inventory that makes sense");
    struct wanted w = {sha256, xcalloc(c->n_hosts, sizeof(struct strbuf))};
    const struct remote_query q = {.fragment = ask_inventory, .record = take_inventory, .ud = &w, .insist = true};
    int rc = run_query(r, &q, e), found = -1;
    for (size_t i = 0; i < c->n_hosts; i++) {
        char digest[SHA256_HEX_LEN];
        struct strbuf *t = &w.texts[i];
        if (found < 0 && t->len && !strcmp(sha256_hex(t->s, t->len, digest), sha256)) {
            sb_addn(out, t->s, t->len);
            found = 0;
        }
        sb_free(t);
    }
    xfree(w.texts);
    if (found == 0 || rc < 0)
        return found;
    return err_set(e, ERR_FAILED, "no director has the inventory of that run (SHA-256 %.12s...)",
                   sha256);
}
