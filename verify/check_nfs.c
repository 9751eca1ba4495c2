/* nfs.*: the share as each real server has it mounted, and what comes through it. */
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/quote.h"
#include "verify/check.h"
#include "verify/fan.h"

static const struct live_mount *mount_of(const struct ctx *x, const struct host *h)
{
    return &x->live.hosts[h->index_in_cluster].mount;
}

/* "4" wants 4, 4.1 and 4.2; "4.1" only itself. NULL when any version will do. */
static const char *wanted_version(struct arena *a, const char *options)
{
    static const char *const names[] = {"nfsvers", "vers"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *v = mount_option(a, options, names[i]);
        if (v && *v)
            return v;
    }
    return NULL;
}

static bool version_fits(const char *wanted, const char *have)
{
    size_t n = strlen(wanted);
    return !strncmp(wanted, have, n) && (!have[n] || (have[n] == '.' && !strchr(wanted, '.')));
}

/* What is wrong with what is mounted now; NULL: nothing. */
static const char *live_fault(struct ctx *x, const struct resource *want,
                              const struct live_mount *m)
{
    struct arena *a = x->arena;
    if (!m->fstype)
        return arena_printf(a, "nothing is mounted on %s", want->key);
    if (strncmp(m->fstype, "nfs", 3) != 0 || strcmp(m->source, want->mount.source) != 0)
        return arena_printf(a, "%s is mounted on %s instead of %s", m->source, want->key,
                            want->mount.source);
    if (m->dead)
        return m->dead;
    const char *version = wanted_version(a, want->mount.options);
    const char *have = mount_option(a, m->options, "vers");
    if (version && have && !version_fits(version, have))
        return arena_printf(a, "NFS version %s instead of %s", have, version);
    if (mount_option(a, m->options, "ro") && !mount_option(a, want->mount.options, "ro"))
        return "mounted read-only";
    return NULL;
}

/* "SOURCE POINT TYPE OPTIONS ...": whether boot would mount the right thing. */
static const char *fstab_fault(struct arena *a, const struct resource *want, const char *line)
{
    char *rest = arena_strdup(a, line);
    autosb struct strbuf source = {0};
    quote_octal(&source, want->mount.source);
    const char *have = parse_word(&rest), *point = parse_word(&rest);
    const char *fstype = parse_word(&rest), *options = parse_word(&rest);
    if (!have || !point || !fstype || strncmp(fstype, "nfs", 3) != 0 ||
        strcmp(have, sb_str(&source)) != 0)
        return arena_printf(a, "/etc/fstab would mount %s instead", have ? have : "something else");
    if (options && mount_option(a, options, "noauto") &&
        !mount_option(a, want->mount.options, "noauto"))
        return "/etc/fstab says noauto";
    return NULL;
}

/* The same for the next boot. A unit file of the mount's name is used in fstab's place. */
static const char *boot_fault(struct ctx *x, const struct host_result *hr,
                              const struct resource *want, const struct live_mount *m)
{
    const struct resource *fstab = catalog_find(&hr->catalog, RES_BLOCK, "/etc/fstab");
    if (m->unit)
        return arena_printf(x->arena, "at boot %s %s", m->unit,
                            m->unit_masked ? "keeps it from being mounted (masked)"
                                           : "is used instead of /etc/fstab");
    if (fstab && is_pending(hr, fstab))
        return NULL; /* config.converged says so */
    if (m->fstab.n == 0)
        return "no line of /etc/fstab mounts it at boot";
    for (size_t i = 0; i < m->fstab.n; i++) {
        const char *fault = fstab_fault(x->arena, want, m->fstab.v[i]);
        if (fault)
            return fault;
    }
    return NULL;
}

/* The mount that there should be, or NULL with the verdict given. */
static const struct resource *wanted(struct ctx *x, const struct host *h, struct check_result *out)
{
    const struct resource *want = mount_wanted(run_result_of(x->run, h));
    if (!cluster_count(x->cluster, ROLE_NFS))
        check_skip(x, out, "there is no NFS host");
    else if (not_asked(x, h, out))
        return NULL;
    else if (!want)
        check_skip(x, out, "no share is to be mounted here");
    else if (!mount_of(x, h)->read)
        check_fail(x, out, "the host did not say what is mounted");
    else
        return want;
    return NULL;
}

void check_nfs_mount(struct ctx *x, const struct subject *s, struct check_result *out)
{
    const struct resource *want = wanted(x, s->host, out);
    if (!want)
        return;
    const struct live_mount *m = mount_of(x, s->host);
    const char *now = live_fault(x, want, m);
    const char *boot = boot_fault(x, run_result_of(x->run, s->host), want, m);
    const char *version = m->options ? mount_option(x->arena, m->options, "vers") : NULL;
    if (now || boot) {
        check_fail(x, out, "%s%s%s", now ? now : "", now && boot ? "; " : "", boot ? boot : "");
        if (now && m->dead)
            check_hint(x, out, "is nfs-server running on the NFS host, and TCP port 2049 open?");
        else if (now)
            check_hint(x, out, "findmnt %s on %s shows what is there", want->key, s->host->name);
        return;
    }
    check_pass(x, out, "%s on %s, NFS %s, answers; at boot by /etc/fstab", m->source, want->key,
               version ? version : "of some version");
}

/* --- nfs.shared --- */

/* What came of the token on a real server. */
struct share_try {
    const char *text, *error; /* through the mount; safe to print */
    bool asked;
    struct http_result http;
};

struct share_ask {
    struct ctx *x;
    const struct host *host;
};

static void read_fragment(struct script *s, const struct host_result *hr, void *ud)
{
    struct ctx *x = ud;
    x->share[hr->host->index_in_cluster] = (struct share_try){0};
    const struct resource *want = hr->host->roles & ROLE_REAL_SERVER ? mount_wanted(hr) : NULL;
    if (want)
        token_read(s, want->key, &x->live.token);
}

/* Called from the threads of a query, but never two for one host: so no arena that they share. */
static int read_record(const struct host_result *hr, char *value, void *ud, struct err *e)
{
    enum { SHOWN_MAX = 200 };
    struct ctx *x = ud;
    struct share_try *t = &x->share[hr->host->index_in_cluster];
    struct live_host *lh = &x->live.hosts[hr->host->index_in_cluster];
    autosb struct strbuf safe = {0};
    const char *what = parse_word(&value);
    (void)e;
    quote_terminal(&safe, value, strnlen(value, SHOWN_MAX), false);
    if (what && !strcmp(what, "token"))
        t->text = arena_strdup(&lh->arena, sb_str(&safe));
    else if (what && !strcmp(what, "token_error"))
        t->error = arena_strdup(&lh->arena, sb_str(&safe));
    return 0;
}

static void ask_http(void *ud, size_t i)
{
    const struct share_ask *a = &((struct share_ask *)ud)[i];
    struct share_try *t = &a->x->share[a->host->index_in_cluster];
    autosb struct strbuf path = {0};
    sb_addf(&path, "/%s", a->x->live.token.name);
    http_get(&a->host->address, first_http_service(a->x->cluster)->port, sb_str(&path), NULL,
             REQUEST_TIMEOUT_MS, &t->http);
    t->asked = true;
}

/* Only of those that answer by HTTP at all: http.real-server tells of the others. */
static void ask_all_http(struct ctx *x)
{
    struct share_ask *list = xcalloc(x->cluster->n_hosts, sizeof *list);
    const struct service *s = first_http_service(x->cluster);
    size_t n = 0;
    for (const struct host *h = NULL; s && (h = cluster_next(x->cluster, h, ROLE_REAL_SERVER));) {
        const struct direct *d = direct_of(x, h, s->port);
        if (d && d->status)
            list[n++] = (struct share_ask){x, h};
    }
    fan_out(n, ask_http, list);
    xfree(list);
}

static const struct host *writer(const struct ctx *x)
{
    return cluster_next(x->cluster, NULL, ROLE_NFS);
}

static void ask_all(struct ctx *x)
{
    struct remote_query q = {.fragment = read_fragment, .record = read_record, .ud = x, .insist = true};
    struct err ignored = {0}; /* who did not answer has no text, and is told of by name */
    x->share = xcalloc(x->cluster->n_hosts, sizeof *x->share);
    if (x->live.hosts[writer(x)->index_in_cluster].token_written) {
        run_query(x->run, &q, &ignored);
        if (!interrupted(x))
            ask_all_http(x);
    }
    share_clean_up(x);
}

static void remove_fragment(struct script *s, const struct host_result *hr, void *ud)
{
    struct ctx *x = ud;
    token_remove(s, token_directory(hr), &x->live.token);
}

static int no_record(const struct host_result *hr, char *value, void *ud, struct err *e)
{
    (void)hr, (void)value, (void)ud, (void)e;
    return 0;
}

/*
 * One try, also of an answer that was lost, as the file may be there all the same. When it fails
 * (Ctrl-C ends every session), the guard on the host does it within a minute: see token.h.
 */
void share_clean_up(struct ctx *x)
{
    enum { REMOVE_MS = 5000 };
    const struct host *h = writer(x);
    struct remote_query q = {.fragment = remove_fragment, .record = no_record, .ud = x};
    struct err ignored = {0};
    if (x->token_there && h && run_result_of(x->run, h)->reached &&
        token_directory(run_result_of(x->run, h)))
        run_query_host(x->run, h, &q, REMOVE_MS, &ignored);
    x->token_there = false;
}

void share_reset(struct ctx *x)
{
    for (size_t i = 0; x->share && i < x->cluster->n_hosts; i++)
        http_result_free(&x->share[i].http);
    xfree(x->share);
    x->share = NULL;
}

static bool is_text(const struct ctx *x, const char *s)
{
    size_t n = strlen(x->live.token.text);
    return !strncmp(s, x->live.token.text, n) && (!s[n] || !strcmp(s + n, "\n"));
}

/* Could the token not be written? Then the verdict is given. */
static bool not_written(struct ctx *x, struct check_result *out)
{
    const struct host *h = writer(x);
    const struct live_host *lh = &x->live.hosts[h->index_in_cluster];
    if (!run_result_of(x->run, h)->reached || !lh->complete)
        check_skip(x, out, "%s, the NFS host, could not be asked to write a file", h->name);
    else if (!token_directory(run_result_of(x->run, h)))
        check_skip(x, out, "%s exports nothing", h->name);
    else if (!lh->token_written)
        check_fail(x, out, "%s cannot write in the exported directory: %s", h->name,
                   lh->token_error ? lh->token_error : "no reason given");
    else
        return false;
    return true;
}

/* What is wrong with what came back; NULL: nothing. */
static const char *share_fault(struct ctx *x, const struct share_try *t, const char **hint)
{
    const char *from = writer(x)->name;
    *hint = "is something else mounted over the exported directory on the NFS host, or does its "
            "export point elsewhere? exportfs -v and findmnt there tell";
    if (!t->text)
        return arena_printf(x->arena,
                            "a file that %s has just written cannot be read through the "
                            "mount: %s",
                            from, t->error ? t->error : "the host did not answer");
    if (!is_text(x, t->text))
        return arena_printf(x->arena, "a file that %s has just written reads as \"%s\"", from,
                            t->text);
    *hint = "nginx' root must be the mount point, and nginx allowed to read there (SELinux: "
            "httpd_use_nfs)";
    if (t->asked && t->http.status != 200)
        return t->http.status
                   ? arena_printf(x->arena,
                                  "the mount has a file that %s has just written, but HTTP answers "
                                  "status %ld",
                                  from, t->http.status)
                   : arena_printf(x->arena, "HTTP does not serve a file of the share: %s",
                                  text_shown(x->arena, t->http.error));
    if (t->asked && !is_text(x, sb_str(&t->http.body)))
        return arena_printf(x->arena, "HTTP serves something else than the share's file: \"%s\"",
                            page_shown(x->arena, &t->http.body));
    return NULL;
}

void check_nfs_shared(struct ctx *x, const struct subject *s, struct check_result *out)
{
    const struct resource *want = wanted(x, s->host, out);
    const char *hint;
    if (!want || not_written(x, out))
        return;
    if (live_fault(x, want, mount_of(x, s->host))) {
        check_skip(x, out, "the share is not mounted as it should be (see nfs.mount)");
        return;
    }
    if (!x->share)
        ask_all(x);
    const struct share_try *t = &x->share[s->host->index_in_cluster];
    if (interrupted(x)) {
        check_skip(x, out, "interrupted");
        return;
    }
    const char *fault = share_fault(x, t, &hint);
    if (fault) {
        check_fail(x, out, "%s", fault);
        check_hint(x, out, "%s", hint);
        return;
    }
    check_pass(x, out, "a file written on %s was read through the mount%s", writer(x)->name,
               t->asked ? " and by HTTP" : "; HTTP was not asked (see http.real-server)");
}
