/* logs: what the cluster's services have written on all hosts, as one log; with -f, live. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "cli/render_logs.h"
#include "cli/session.h"
#include "cli/signals.h"
#include "cli/since.h"

enum { LINES = 100, LINES_FOLLOWED = 10 };

struct printer {
    const struct invocation *in;
    struct log_columns columns;
    struct strbuf text;
    bool followed;
    bool failed; /* a host did, and its error was printed */
};

static void on_line(void *ud, const struct log_line *l)
{
    enum { FLUSH_AT = 64 * 1024 };
    struct printer *p = ud;
    if (p->in->args.output == OUTPUT_JSON)
        log_line_json(&p->text, l);
    else
        log_line_text(&p->text, &p->columns, l);
    if (p->text.len < FLUSH_AT)
        return;
    fwrite(p->text.s, 1, p->text.len, stdout);
    sb_reset(&p->text);
}

/* A line that cannot be written ends it; app.c says why. */
static bool on_flush(void *ud)
{
    struct printer *p = ud;
    if (p->text.len) {
        fwrite(p->text.s, 1, p->text.len, stdout);
        fflush(stdout);
        sb_reset(&p->text);
    }
    return !ferror(stdout);
}

static void on_notice(void *ud, const struct log_notice *n)
{
    struct printer *p = ud;
    autosb struct strbuf sb = {0};
    on_flush(p);
    log_notice_text(&sb, n);
    if (n->kind != LOG_UNREACHED || n->retried) {
        report_note(&p->in->err, "%s", sb_str(&sb));
        return;
    }
    struct err e = n->err;
    snprintf(e.msg, sizeof e.msg, "%s", sb_str(&sb));
    report_error(&p->in->err, &e);
}

/* "keepalived,nginx-error" */
static int choose_services(const char *list, unsigned *out, struct err *e)
{
    const char *names[LOG_SERVICES + 1] = {0};
    autosb struct strbuf known = {0};
    for (enum log_service s = 0; s < LOG_SERVICES; s++) {
        names[s] = log_service_name(s);
        sb_addf(&known, "%s%s", s == 0 ? "" : s + 1 < LOG_SERVICES ? ", " : " or ", names[s]);
    }
    *out = list ? 0 : LOG_ALL;
    for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
        size_t n = strcspn(p, ",");
        enum log_service s = 0;
        while (s < LOG_SERVICES && (strlen(names[s]) != n || strncmp(names[s], p, n) != 0))
            s++;
        if (s < LOG_SERVICES) {
            *out |= 1u << s;
            continue;
        }
        autofree char *word = xstrdup(p);
        word[n] = '\0';
        err_set(e, ERR_USAGE, "option '--service': '%s' is not %s", word, sb_str(&known));
        const char *near = nearest_word(word, names);
        return near ? err_hint(e, "did you mean '%s'?", near) : -1;
    }
    return 0;
}

static int choose_since(const struct args *a, int64_t *out, struct err *e)
{
    struct timespec now;
    *out = 0;
    if (!a->since)
        return 0;
    clock_gettime(CLOCK_REALTIME, &now);
    if (parse_since(a->since, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, out))
        return 0;
    err_set(e, ERR_USAGE, "option '--since': '%s' is no time", a->since);
    return err_hint(e, "write 10m, 2h, 1d, today, 12:00 or \"2026-01-31 12:00\"");
}

static int compile(const char *pattern, regex_t *re, struct err *e)
{
    char why[128];
    int rc = regcomp(re, pattern, REG_EXTENDED | REG_NOSUB);
    if (rc == 0)
        return 0;
    regerror(rc, re, why, sizeof why);
    return err_set(e, ERR_USAGE, "option '--grep': '%s': %s", pattern, why);
}

static int print_logs(struct session *s, struct logs_options *o, struct err *e)
{
    const struct invocation *in = s->in;
    struct printer p = {.in = in, .columns = log_columns(in, o->services)};
    const struct logs_sink sink = {on_line, on_notice, on_flush, &p};
    o->run = &s->options;
    o->hosts = in->hosts;
    o->n_hosts = in->n_hosts;
    o->follow = in->args.follow;
    o->lines = in->args.lines;
    if (!o->lines && !o->since_us)
        o->lines = o->follow ? LINES_FOLLOWED : LINES;
    if (o->follow) { /* nothing is in progress on any host: no word about that */
        signals_screen(true);
        signals_screen_end("");
    }
    int rc = logs_run(in->cluster, o, &sink, e);
    sb_free(&p.text);
    return rc;
}

static int run_logs(struct invocation *in, struct err *e)
{
    struct session s = {0};
    struct logs_options o = {0};
    regex_t re;
    if (choose_services(in->args.service, &o.services, e) < 0 ||
        choose_since(&in->args, &o.since_us, e) < 0 ||
        (in->args.grep && compile(in->args.grep, &re, e) < 0))
        return -1;
    o.grep = in->args.grep ? &re : NULL;
    int rc = session_open(&s, in, true, e);
    if (rc == 0)
        rc = print_logs(&s, &o, e);
    session_close(&s);
    if (o.grep)
        regfree(&re);
    return rc;
}

static const char *const output_choices[] = {"text", "json", NULL};

static const struct option_spec options[] = {
    {"service", OPTION_STRING, offsetof(struct args, service), "NAME,...",
     .help = "Only these: keepalived, ipvs, nfs, nginx, nginx-access, nginx-error."},
    {"since", OPTION_STRING, offsetof(struct args, since), "TIME",
     .help = "Begin there: 10m, 2h, 1d, today, 12:00, \"2026-01-31 12:00\"."},
    {"lines", OPTION_NUMBER, offsetof(struct args, lines), "N", .letter = 'n', .min = 1,
     .max = 1000000, .help = "Begin with the newest N lines (100, or 10 with --follow)."},
    {"follow", OPTION_SWITCH, offsetof(struct args, follow), .letter = 'f',
     .help = "Go on with what is written from now on, until interrupted."},
    {"grep", OPTION_STRING, offsetof(struct args, grep), "REGEX",
     .help = "Only lines that match this extended regular expression."},
    {"output", OPTION_CHOICE, offsetof(struct args, output), .choices = output_choices,
     .help = "Print text, or one JSON object a line."},
    {0},
};

const struct command cmd_logs = {
    .name = "logs",
    .usage = "[HOST|ROLE...]",
    .summary = "Show the services' logs of all hosts as one, or follow them",
    .about = "Prints what keepalived, IPVS, NFS and nginx have logged on the hosts, merged in the "
             "order of time by this machine's clock. With --follow, a host that goes away is "
             "waited for, and what it has logged in the meantime is printed when it is back. "
             "Changes nothing. Exits with 69 when a host cannot be reached; the lines of the "
             "others are printed all the same. Interrupted while following, it exits with 0.",
    .flags = CMD_INVENTORY | CMD_LOADS | CMD_HOSTS,
    .options = options,
    .run = run_logs,
};
