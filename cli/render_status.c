/* One screen of text. What is not at work comes first: a low window cuts from below. */
#include "cli/status_sheet.h"

#include <string.h>

enum { MAX_PROBLEMS = 12, W_WEIGHT = 6, W_COUNT = 8, W_RATE = 7 };

void sheet_pad(struct sheet *p, size_t have, size_t want)
{
    for (; have < want; have++)
        sb_addc(p->sb, ' ');
}

void sheet_colored(struct sheet *p, enum color c, const char *text)
{
    if (c == C_RESET)
        sb_foreign(p->sb, text, false);
    else {
        sb_add(p->sb, style_code(p->st, c));
        sb_foreign(p->sb, text, false);
        sb_add(p->sb, style_code(p->st, C_RESET));
    }
}

/* A cell and the two blanks behind it; to the left of its column. */
void sheet_cell(struct sheet *p, enum color c, const char *text, size_t width)
{
    sheet_colored(p, c, text);
    sheet_pad(p, term_width(text), width + 2);
}

/* To the right of its column, with the two blanks before it. */
static void number(struct sheet *p, const char *text, size_t width)
{
    sheet_pad(p, term_width(text), width + 2);
    sb_add(p->sb, text);
}

/* 0.4, 12.5, 950, 12.5k, 3.1M: three figures or four of thousandths. */
static void amount(struct strbuf *out, uint64_t thousandths)
{
    static const char units[] = {'\0', 'k', 'M', 'G', 'T', 'P', 'E'};
    size_t unit = 0;
    while (thousandths >= 1000000 && unit + 1 < sizeof units) {
        thousandths /= 1000;
        unit++;
    }
    uint64_t tenths = thousandths / 100;
    if (tenths >= 1000 || tenths % 10 == 0)
        sb_addf(out, "%llu", (unsigned long long)tenths / 10);
    else
        sb_addf(out, "%llu.%llu", (unsigned long long)tenths / 10, (unsigned long long)tenths % 10);
    if (!tenths && thousandths)
        sb_add(out, ".1"); /* little is not nothing */
    if (units[unit])
        sb_addc(out, units[unit]);
}

static void rates(struct sheet *p, bool known, const struct status_rate *r)
{
    const uint64_t all[] = {r->connections, r->packets_in, r->bytes_in};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        autosb struct strbuf sb = {0};
        if (known)
            amount(&sb, all[i]);
        else
            sb_add(&sb, "?");
        number(p, sb_str(&sb), W_RATE);
    }
    sb_addc(p->sb, '\n');
}

static void count(struct sheet *p, uint64_t n, size_t width)
{
    enum { PLAIN_BELOW = 10 * 1000 * 1000 };
    autosb struct strbuf sb = {0};
    if (n < PLAIN_BELOW)
        sb_addf(&sb, "%llu", (unsigned long long)n);
    else
        amount(&sb, n > UINT64_MAX / 1000 ? UINT64_MAX : n * 1000);
    number(p, sb_str(&sb), width);
}

static void summary(struct sheet *p)
{
    const struct status_report *r = p->r;
    autosb struct strbuf sb = {0};
    sb_addf(&sb, "%s  %s  %zu host%s", r->cluster->name, r->at, r->n_hosts,
            r->n_hosts == 1 ? "" : "s");
    if (r->unreachable)
        sb_addf(&sb, ", %zu unreachable", r->unreachable);
    if (r->failed)
        sb_addf(&sb, ", %zu cannot be asked", r->failed);
    if (r->late)
        sb_addf(&sb, ", %zu late", r->late);
    sheet_colored(p, C_BOLD, sb_str(&sb));
    if (!r->problems.n && !r->unreachable && !r->failed && !r->late)
        sheet_colored(p, C_GREEN, ": everything is at work");
    else if (!r->problems.n)
        sheet_colored(p, C_YELLOW, ": all that is known is at work");
    else {
        sb_reset(&sb);
        sb_addf(&sb, ": %zu not at work", r->problems.n);
        sheet_colored(p, C_RED, sb_str(&sb));
    }
    sb_addc(p->sb, '\n');
}

static void problem(struct sheet *p, bool loud, const char *subject, const char *text)
{
    sb_add(p->sb, loud ? "!! " : " ! ");
    sheet_colored(p, C_RED, subject);
    sb_add(p->sb, ": ");
    sheet_colored(p, loud ? C_RED : C_RESET, text);
    sb_addc(p->sb, '\n');
}

/* The loud ones first. */
static void problems(struct sheet *p)
{
    const struct status_report *r = p->r;
    size_t shown = 0;
    for (unsigned loud = 2; loud-- > 0;)
        for (size_t i = 0; i < r->problems.n; i++)
            if (r->problems.v[i].loud == loud && shown++ < MAX_PROBLEMS)
                problem(p, loud, r->problems.v[i].subject, r->problems.v[i].text);
    if (shown > MAX_PROBLEMS)
        sb_addf(p->sb, "   and %zu more\n", shown - MAX_PROBLEMS);
}

static void holders(struct sheet *p, const struct status_vip *v)
{
    autosb struct strbuf sb = {0};
    for (size_t i = 0; i < v->n_directors; i++)
        if (v->directors[i].holds_on)
            sb_addf(&sb, "%s%s (%s)", sb.len ? ", " : "", v->directors[i].host->name,
                    v->directors[i].holds_on);
    if (v->holders == 1) {
        sb_add(p->sb, "held by ");
        sheet_colored(p, C_GREEN, sb_str(&sb));
    } else if (v->holders > 1) {
        sheet_colored(p, C_RED, "HELD TWICE: by ");
        sheet_colored(p, C_RED, sb_str(&sb));
    } else {
        sheet_colored(p, C_RED, v->unknown ? "HELD BY NONE THAT ANSWERED" : "HELD BY NOBODY");
    }
}

static void vip(struct sheet *p, const struct status_vip *v)
{
    char text[IPADDR_STRLEN];
    sb_addf(p->sb, "VIP %s  ", ipaddr_str(v->vip, text));
    holders(p, v);
    sb_add(p->sb, "\n  ");
    for (size_t i = 0; i < v->n_directors; i++) {
        const struct status_director *d = &v->directors[i];
        bool usual = !strcmp(d->state, "MASTER") || !strcmp(d->state, "BACKUP");
        sb_addf(p->sb, "%s%s ", i ? ", " : "", d->host->name);
        sheet_colored(p, usual ? C_RESET : C_RED, *d->state ? d->state : "?");
        if (d->why)
            sb_addf(p->sb, " (%s)", d->why);
        if (d->priority)
            sb_addf(p->sb, " %u", d->priority);
    }
    sb_addc(p->sb, '\n');
}

static void dest(struct sheet *p, const struct status_dest *d, bool rated)
{
    char text[IPADDR_STRLEN];
    autosb struct strbuf who = {0}, weight = {0};
    if (d->host)
        sb_add(&who, d->host->name);
    else
        sb_addf(&who, d->address.family == AF_INET6 ? "[%s]:%u" : "%s:%u",
                ipaddr_str(&d->address, text), d->port);
    sb_add(p->sb, "  ");
    sheet_colored(p, d->host ? C_RESET : C_YELLOW, sb_str(&who));
    sheet_pad(p, term_width(sb_str(&who)), p->name_width);
    sb_addf(&weight, "%u", d->weight);
    number(p, sb_str(&weight), W_WEIGHT);
    count(p, d->active, W_COUNT);
    count(p, d->inactive, W_COUNT);
    rates(p, rated, &d->rate);
}

static void totals(struct sheet *p, const struct status_service *s)
{
    sb_add(p->sb, "  all");
    sheet_pad(p, strlen("all"), p->name_width);
    number(p, "", W_WEIGHT);
    count(p, s->active, W_COUNT);
    count(p, s->inactive, W_COUNT);
    rates(p, s->rated, &s->rate);
}

/* "10.1.1.140:80/tcp rr on LVS-master, rates of the last 2.0 s" */
static void service_line(struct sheet *p, const struct status_service *s)
{
    autosb struct strbuf sb = {0};
    sb_addf(&sb, "%s", s->name);
    if (s->present)
        sb_addf(&sb, " %s", s->scheduler);
    if (s->persistence_s)
        sb_addf(&sb, " persistent %u s", s->persistence_s);
    if (s->director)
        sb_addf(&sb, " on %s", s->director->name);
    if (s->present && s->rate_over_ms)
        sb_addf(&sb, ", rates of the last %lld.%lld s", (long long)s->rate_over_ms / 1000,
                (long long)s->rate_over_ms % 1000 / 100);
    else if (s->present)
        sb_add(&sb, s->rated ? ", rates as the kernel estimates them" : ", rates not known");
    sheet_colored(p, C_BOLD, sb_str(&sb));
    if (s->director && !s->holder)
        sheet_colored(p, C_RED, " (does not hold the VIP)");
    if (!s->present) {
        sb_add(p->sb, ": ");
        sheet_colored(p, C_RED, s->why);
    }
    sb_addc(p->sb, '\n');
}

static void service(struct sheet *p, const struct status_service *s)
{
    service_line(p, s);
    if (!s->present)
        return;
    sb_add(p->sb, "  TO");
    sheet_pad(p, strlen("TO"), p->name_width);
    number(p, "WEIGHT", W_WEIGHT);
    number(p, "ACTIVE", W_COUNT);
    number(p, "INACTIVE", W_COUNT);
    number(p, "CONN/S", W_RATE);
    number(p, "PKT/S", W_RATE);
    number(p, "BYTE/S", W_RATE);
    sb_addc(p->sb, '\n');
    for (size_t i = 0; i < s->n_dests; i++)
        dest(p, &s->dests[i], s->rated);
    if (!s->n_dests)
        problem(p, true, s->name, "no real server is in the table");
    else
        totals(p, s);
}

void status_text(struct strbuf *out, const struct style *st, const struct status_report *r)
{
    struct sheet p = {.sb = out, .st = st, .r = r, .name_width = strlen("REAL SERVER")};
    for (size_t i = 0; i < r->n_hosts; i++)
        if (term_width(r->hosts[i].host->name) > p.name_width)
            p.name_width = term_width(r->hosts[i].host->name);
    summary(&p);
    problems(&p);
    sb_addc(out, '\n');
    for (size_t i = 0; i < r->n_vips; i++)
        vip(&p, &r->vips[i]);
    for (size_t i = 0; i < r->n_services; i++)
        service(&p, &r->services[i]);
    sheet_real_servers(&p);
    sheet_hosts(&p);
}
