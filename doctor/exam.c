/* What rules look things up with, and how they state what they found. */
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "base/quote.h"
#include "doctor/rule.h"
#include "engine/fstab.h"

void exam_init(struct exam *x, struct run *r, const struct doctor_options *o,
               struct doctor_report *report)
{
    *x = (struct exam){.run = r, .cluster = run_cluster(r), .options = o, .report = report};
    x->n_hosts = run_count(r);
    x->hosts = xcalloc(x->n_hosts, sizeof *x->hosts);
    for (size_t i = 0; i < x->n_hosts; i++) {
        x->hosts[i].result = run_result(r, i);
        x->hosts[i].host = x->hosts[i].result->host;
    }
    live_init(&x->live, x->n_hosts);
}

void exam_forget(struct exam_host *h)
{
    vec_free(&h->lines);
    arena_free(&h->arena);
    *h = (struct exam_host){.host = h->host, .result = h->result};
}

void exam_free(struct exam *x)
{
    for (size_t i = 0; i < x->n_hosts; i++)
        exam_forget(&x->hosts[i]);
    xfree(x->hosts);
    vec_free(&x->claims);
    vec_free(&x->steps);
    live_free(&x->live);
}

static int64_t our_clock_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* date +%s%N, read somewhere between our question and its answer: the middle is the best guess. */
static void take_clock(struct exam_host *h, const char *value)
{
    uint64_t ns;
    int64_t now = our_clock_us();
    if (!h->asked_at_us || !parse_u64(value, 0, INT64_MAX, &ns))
        return;
    h->clock_error_us = (now - h->asked_at_us) / 2;
    h->clock_offset_us = (int64_t)(ns / 1000) - (h->asked_at_us + h->clock_error_us);
    h->clock_known = true;
}

/*
 * keepalived quotes the lines of its file that it does not like, and auth_pass may stand in one.
 * The journal's time is nobody's secret. A line of fstab may say a password of somebody else's.
 */
static void mask(const struct exam_host *h, struct strbuf *out, const char *tag, const char *value)
{
    bool journal = !strcmp(tag, "keepalived.journal");
    size_t time = journal ? strcspn(value, " ") : 0;
    sb_addn(out, value, time);
    if (journal || !strcmp(tag, "keepalived.test"))
        catalog_mask(&h->result->catalog, out, value + time, strlen(value + time));
    else if (!strcmp(tag, "nfs.fstab"))
        fstab_mask(out, value);
    else
        sb_add(out, value);
}

void exam_record(struct exam_host *h, char *value)
{
    autosb struct strbuf shown = {0}, safe = {0};
    char *tag = value;
    value += strcspn(value, " ");
    if (*value)
        *value++ = '\0';
    if (!strcmp(tag, "now")) {
        take_clock(h, value);
    } else if (!strcmp(tag, "complete")) {
        h->asked = true;
    } else if (h->lines.n < EXAM_MAX_LINES) {
        mask(h, &shown, tag, value);
        quote_terminal(&safe, sb_str(&shown), shown.len < EXAM_LINE_MAX ? shown.len : EXAM_LINE_MAX,
                       false);
        *vec_push(&h->lines) = (struct evidence){arena_strndup(&h->arena, tag, strnlen(tag, 40)),
                                                 arena_strdup(&h->arena, sb_str(&safe))};
    }
}

const struct evidence *exam_line(const struct exam_host *h, const char *tag,
                                 const struct evidence *after)
{
    for (size_t i = after ? (size_t)(after - h->lines.v) + 1 : 0; i < h->lines.n; i++)
        if (!strcmp(h->lines.v[i].tag, tag))
            return &h->lines.v[i];
    return NULL;
}

struct exam_host *exam_host(const struct exam *x, const struct host *h)
{
    return &x->hosts[h->index_in_cluster];
}

const struct step *exam_step(const struct exam_host *h, enum res_type type, const char *key)
{
    const struct plan *p = &h->result->plan;
    for (size_t i = 0; h->result->reached && i < p->steps.n; i++) {
        const struct resource *want = p->steps.v[i].want;
        if (want->type == type && (!key || !strcmp(want->key, key)))
            return &p->steps.v[i];
    }
    return NULL;
}

bool exam_step_known(const struct exam *x, const struct step *step)
{
    for (size_t i = 0; i < x->steps.n; i++)
        if (x->steps.v[i] == step)
            return true;
    return false;
}

const struct check_result *exam_failed(const struct exam *x, const char *check_id,
                                       const char *subject)
{
    for (size_t i = 0; x->checks && i < x->checks->results.n; i++) {
        const struct check_result *c = &x->checks->results.v[i];
        if (c->status == CHECK_FAIL && !strcmp(c->id, check_id) &&
            (!subject || !strcmp(c->subject, subject)))
            return c;
    }
    return NULL;
}

const struct finding *exam_found(const struct exam *x, const char *id, const struct host *host)
{
    for (size_t i = 0; i < x->report->findings.n; i++) {
        const struct finding *f = x->report->findings.v[i];
        if (!strcmp(f->id, id) && (!host || (f->host && !strcmp(f->host, host->name))))
            return f;
    }
    return NULL;
}

struct finding *found(struct exam *x, const char *id, const struct host *host, enum remedy remedy)
{
    struct finding *f = arena_new(&x->report->arena, struct finding);
    f->id = id;
    f->host = host ? arena_strdup(&x->report->arena, host->name) : NULL;
    f->remedy = remedy;
    *vec_push(&x->report->findings) = f;
    for (const char *const *p = x->rule ? x->rule->explains : NULL; p && *p; p++)
        *vec_push(&x->claims) =
            (struct claim){f, **p == '*' ? *p + 1 : *p, **p == '*' ? NULL : f->host};
    return f;
}

/* Whatever a text is made of, nothing in it can reach a terminal as a control character. */
static const char *text(struct exam *x, const char *fmt, va_list ap)
{
    autosb struct strbuf raw = {0}, safe = {0};
    sb_vaddf(&raw, fmt, ap);
    quote_terminal(&safe, sb_str(&raw), raw.len, false);
    return arena_strdup(&x->report->arena, sb_str(&safe));
}

static bool contains(const char *const *list, size_t n, const char *s)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(list[i], s))
            return true;
    return false;
}

void finding_cause(struct exam *x, struct finding *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    f->cause = text(x, fmt, ap);
    va_end(ap);
}

void finding_fix(struct exam *x, struct finding *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    f->fix = text(x, fmt, ap);
    va_end(ap);
}

void finding_symptom(struct exam *x, struct finding *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *line = text(x, fmt, ap);
    if (!contains(f->symptoms.v, f->symptoms.n, line))
        *vec_push(&f->symptoms) = line;
    va_end(ap);
}

void finding_evidence(struct exam *x, struct finding *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *line = text(x, fmt, ap);
    if (!contains(f->evidence.v, f->evidence.n, line))
        *vec_push(&f->evidence) = line;
    va_end(ap);
}

void finding_step(struct exam *x, struct finding *f, const struct step *step)
{
    if (!step || exam_step_known(x, step))
        return;
    *vec_push(&x->steps) = step;
    finding_symptom(x, f, "to do: %s", step->summary);
}

void finding_explains(struct exam *x, struct finding *f, const char *pattern,
                      const struct host *host)
{
    *vec_push(&x->claims) = (struct claim){f, pattern, host ? host->name : NULL};
}
