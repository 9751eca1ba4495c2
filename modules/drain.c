/*
 * Draining alone, without the rest of a deploy: keepalived's file is edited as it is on the host, so
 * that a change that waits there for a deploy does not go live with it. What the full module renders
 * for the same list is the same text.
 */
#include "modules/drain.h"

#include <string.h>

#include "base/parse.h"
#include "engine/paths.h"
#include "modules/ipvs.h"
#include "modules/keepalived_version.h"
#include "modules/registry.h"

unsigned drain_weight(const struct catalog *cat, const struct host *rs)
{
    return facts_wish(cat->facts, rs) == WISH_NONE ? rs->weight : 0;
}

bool drain_by_check(struct version v)
{
    return !keepalived_has(v, KEEPALIVED_WEIGHT_ZERO);
}

void drain_list(struct catalog *cat)
{
    autosb struct strbuf text = {0};
    for (const struct host *h = NULL; (h = cluster_next(cat->cluster, h, ROLE_REAL_SERVER));) {
        enum wish w = facts_wish(cat->facts, h);
        if (w != WISH_NONE)
            sb_addf(&text, "%s by %s\n", h->name, w == WISH_DRAIN ? "operator" : "deploy");
    }
    if (!text.len && !cat->facts->drains)
        return;
    want_dir(cat, "/var/lib/clusterctl", (struct res_dir){.mode = 0700});
    want_file(cat, DRAINED_FILE,
              (struct res_file){.content = arena_strdup(&cat->arena, sb_str(&text))});
}

/* One line of the file; `text` is without blanks around it. */
struct line {
    const char *start, *text;
    size_t whole, len; /* the whole with its newline */
};

static struct line next_line(const char *at)
{
    struct line l = {.start = at, .whole = strcspn(at, "\n")};
    l.text = at + strspn(at, " \t");
    l.len = l.whole - (size_t)(l.text - at);
    while (l.len && (l.text[l.len - 1] == ' ' || l.text[l.len - 1] == '\t'))
        l.len--;
    l.whole += at[l.whole] == '\n';
    return l;
}

static bool begins(const struct line *l, const char *word)
{
    size_t n = strlen(word);
    return l->len >= n && !strncmp(l->text, word, n) && (l->len == n || l->text[n] == ' ');
}

static bool is(const struct line *l, const char *text)
{
    return l->len == strlen(text) && !strncmp(l->text, text, l->len);
}

/* "real_server 10.1.1.132 80 {": whose entry begins here, or NULL. */
static const struct host *entry_of(const struct catalog *cat, const struct line *l)
{
    char buf[128], *p = buf;
    struct ipaddr a;
    if (!begins(l, "real_server") || l->len >= sizeof buf)
        return NULL;
    memcpy(buf, l->text, l->len);
    buf[l->len] = '\0';
    parse_word(&p);
    const char *address = parse_word(&p);
    if (!address || !ipaddr_parse(address, &a))
        return NULL;
    return cluster_host_at(cat->cluster, &a, ROLE_REAL_SERVER);
}

static const char drained_check[] = "inhibit_on_failure\n"
                                    "        MISC_CHECK {\n"
                                    "            misc_path /bin/false\n"
                                    "        }\n";

/* Copy an entry, from behind its first line; returns where it ends. */
static const char *edit_entry(struct strbuf *out, const struct catalog *cat, const struct host *rs,
                              const char *at)
{
    bool drained = facts_wish(cat->facts, rs) != WISH_NONE;
    bool by_check = drain_by_check(cat->facts->keepalived);
    for (int depth = 1; *at && depth > 0;) {
        struct line l = next_line(at);
        if (depth == 1 && begins(&l, "inhibit_on_failure") && !strncmp(l.text, drained_check,
                                                                        sizeof drained_check - 1)) {
            at = l.text + sizeof drained_check - 1;
            continue;
        }
        at += l.whole;
        if (depth == 1 && begins(&l, "weight")) {
            sb_addf(out, "%.*sweight %u\n", (int)(l.text - l.start), l.start,
                    drained && !by_check ? 0 : rs->weight);
            if (drained && by_check)
                sb_addf(out, "        %s", drained_check);
            continue;
        }
        depth += l.len && l.text[l.len - 1] == '{';
        depth -= is(&l, "}");
        sb_addn(out, l.start, l.whole);
    }
    return at;
}

/* The file as it is, with the weights of the servers that something is wished for. */
static const char *edited(struct catalog *cat, bool *found)
{
    autosb struct strbuf out = {0};
    for (const char *at = cat->facts->keepalived_conf; *at;) {
        struct line l = next_line(at);
        const struct host *rs = entry_of(cat, &l);
        sb_addn(&out, l.start, l.whole);
        at += l.whole;
        if (!rs || cat->facts->wishes[rs->index_in_cluster] == WISH_NONE)
            continue;
        found[rs->index_in_cluster] = true;
        at = edit_entry(&out, cat, rs, at);
    }
    return arena_strndup(&cat->arena, sb_str(&out), out.len);
}

static int no_entry(const struct host *rs, struct err *e)
{
    err_set(e, ERR_FAILED, KEEPALIVED_CONF " has no entry for %s", rs->name);
    return err_hint(e, "`clusterctl deploy` makes the directors know it");
}

static int declare_servers(struct catalog *cat, struct err *e)
{
    if (!facts_wished(cat->facts, cat->cluster, ROLE_REAL_SERVER))
        return 0;
    if (!cat->facts->keepalived_conf) {
        err_set(e, ERR_FAILED, "there is no " KEEPALIVED_CONF);
        return err_hint(e, "run `clusterctl deploy` first");
    }
    if (!cat->facts->keepalived_conf_whole) {
        err_set(e, ERR_FAILED, KEEPALIVED_CONF " is over 2 MiB, or holds a NUL byte: not edited");
        return err_hint(e, "`clusterctl deploy` writes it anew");
    }
    bool *found = arena_array(&cat->arena, bool, cat->cluster->n_hosts);
    const char *text = edited(cat, found);
    for (const struct host *h = NULL; (h = cluster_next(cat->cluster, h, ROLE_REAL_SERVER));)
        if (cat->facts->wishes[h->index_in_cluster] != WISH_NONE && !found[h->index_in_cluster])
            return no_entry(h, e);
    drain_list(cat);
    struct resource *conf =
        want_file(cat, KEEPALIVED_CONF,
                  (struct res_file){
                      .content = text, .mode = 0600, .check = FILE_CHECK_KEEPALIVED});
    conf->notify = "keepalived.service";
    conf->notify_how = NOTIFY_RELOAD;
    want_service(cat, "keepalived.service", (struct res_service){0});
    return 0;
}

static const struct module drain_servers = {
    .name = "drain",
    .summary = "real servers that get no new connections",
    .roles = ROLE_DIRECTOR,
    .declare = declare_servers,
};

/* The same that keepalived's stop does before it gives the VIPs away: see HAND_OVER_SH. */
static int declare_hand_over(struct catalog *cat, struct err *e)
{
    enum wish w = cat->facts->wishes ? cat->facts->wishes[cat->host->index_in_cluster] : WISH_NONE;
    bool passive = w == WISH_DRAIN || w == WISH_DRAIN_FOR_NOW;
    if (w == WISH_NONE || (!passive && !cat->facts->passive))
        return 0;
    if (!cluster_hands_over(cat->cluster)) {
        err_set(e, ERR_FAILED, "it cannot hand the VIP over");
        return err_hint(e, "that takes two directors and the profile \"fast\"");
    }
    static const char *const keys[] = {"net.ipv4.vs.sync_refresh_period",
                                       "net.ipv4.vs.sync_threshold"};
    static const char *const all[] = {"0", "0 1"}; /* every packet is told of */
    for (size_t i = 0; i < ARRAY_LEN(keys) && passive; i++)
        want_sysctl(cat, keys[i], all[i]);
    want_file(cat, HANDOVER_FILE,
              (struct res_file){.content = passive ? "1\n" : "0\n",
                                .impact = passive ? IMPACT_VIP_MOVES : IMPACT_NONE});
    for (size_t i = 0; i < ARRAY_LEN(keys) && !passive; i++)
        want_sysctl(cat, keys[i], ipvs_sysctl(keys[i]));
    return 0;
}

static const struct module hand_over = {
    .name = "hand-over",
    .summary = "a director that gives the VIP away",
    .roles = ROLE_DIRECTOR,
    .declare = declare_hand_over,
};

static const struct module *const list[] = {&drain_servers, &hand_over, NULL};

const struct module_table module_table_drain = {.list = list};
