#include "cli/render_logs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/json_out.h"

struct log_columns log_columns(const struct invocation *in, unsigned services)
{
    struct log_columns c = {.style = &in->out};
    for (size_t i = 0; i < in->n_hosts; i++) {
        size_t n = term_width(in->hosts[i]->name);
        c.host = n > c.host ? n : c.host;
    }
    for (enum log_service s = 0; s < LOG_SERVICES; s++) {
        size_t n = strlen(log_service_name(s));
        c.service = services & 1u << s && n > c.service ? n : c.service;
    }
    return c;
}

/* The hosts of a cluster in turn, so that neighbours in the inventory differ. */
static enum color host_color(const struct host *h)
{
    static const enum color colors[] = {C_CYAN, C_YELLOW, C_GREEN, C_MAGENTA, C_BLUE};
    return colors[h->index_in_cluster % ARRAY_LEN(colors)];
}

/* Whole seconds where the log has no more: a made-up fraction would look like a measured one. */
static void add_time(struct strbuf *out, const struct log_line *l)
{
    char text[32];
    struct tm tm;
    time_t s = (time_t)(l->at_us / 1000000);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", localtime_r(&s, &tm));
    sb_add(out, text);
    if (l->seconds)
        sb_add(out, "    ");
    else
        sb_addf(out, ".%03d", (int)(l->at_us % 1000000 / 1000));
}

static void add_padded(struct strbuf *out, const char *s, size_t columns)
{
    size_t n = term_width(s);
    sb_addf(out, "%s%*s", s, n < columns ? (int)(columns - n) : 0, "");
}

void log_line_text(struct strbuf *out, const struct log_columns *c, const struct log_line *l)
{
    const char *reset = style_code(c->style, C_RESET);
    bool bad = l->priority >= 0 && l->priority <= 3;
    sb_add(out, style_code(c->style, C_DIM));
    add_time(out, l);
    sb_addf(out, "%s %s", reset, style_code(c->style, host_color(l->host)));
    add_padded(out, l->host->name, c->host);
    sb_addf(out, "%s ", reset);
    add_padded(out, log_service_name(l->service), c->service);
    sb_add(out, bad ? style_code(c->style, C_RED) : "");
    sb_addc(out, ' ');
    if (l->from) {
        sb_foreign(out, l->from, false);
        if (l->pid)
            sb_addf(out, "[%u]", l->pid);
        sb_add(out, ": ");
    }
    sb_foreign(out, l->text, false);
    if (l->cut)
        sb_add(out, term_utf8() ? "\xe2\x80\xa6" : "...");
    sb_addf(out, "%s\n", bad ? reset : "");
}

static void json_time(struct strbuf *out, const char *key, int64_t us)
{
    char text[64];
    struct tm tm;
    time_t s = (time_t)(us / 1000000);
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", gmtime_r(&s, &tm));
    snprintf(text + n, sizeof text - n, ".%06dZ", (int)(us % 1000000));
    json_text(out, key, text);
}

void log_line_json(struct strbuf *out, const struct log_line *l)
{
    autosb struct strbuf sb = {0};
    json_open(&sb, NULL, '{');
    json_text(&sb, "type", "log");
    json_time(&sb, "time", l->at_us);
    json_time(&sb, "host_time", l->host_us);
    json_bool(&sb, "whole_seconds", l->seconds);
    json_bool(&sb, "late", l->late);
    json_text(&sb, "host", l->host->name);
    json_text(&sb, "service", log_service_name(l->service));
    json_text(&sb, "program", l->from);
    if (l->pid)
        json_number(&sb, "pid", l->pid);
    if (l->priority >= 0)
        json_number(&sb, "priority", l->priority);
    json_text(&sb, "text", l->text);
    json_bool(&sb, "cut", l->cut);
    json_close(&sb, '}');
    sb_addn(out, sb.s, sb.len);
    sb_addc(out, '\n');
}

void log_notice_text(struct strbuf *out, const struct log_notice *n)
{
    const char *name = n->host->name;
    double ahead = (double)n->ahead_us / 1e6;
    switch (n->kind) {
    case LOG_UNREACHED:
        if (strncmp(n->err.msg, name, strlen(name)) != 0)
            sb_addf(out, "%s: ", name);
        sb_addf(out, "%s%s", n->err.msg, n->retried ? "; trying again" : "");
        return;
    case LOG_BACK:
        sb_addf(out, "%s is back after %.0f s; its lines of that time follow", name,
                (double)n->away_ms / 1e3);
        return;
    case LOG_CLOCK:
        sb_addf(out, "%s: its clock is %.1f s %s (give or take %.3f s); its lines are shown by ours",
                name, ahead < 0 ? -ahead : ahead, ahead < 0 ? "behind" : "ahead",
                (double)n->error_us / 1e6);
        return;
    case LOG_GAP:
        sb_addf(out, "%s: %s was rotated more than once, or cut, in the meantime: lines may be "
                     "missing", name, n->file);
        return;
    }
}
