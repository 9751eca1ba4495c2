#include "cli/outcome.h"

#include "cli/json_out.h"
#include "cli/view.h"

/* More lines than this about one host help nobody; JSON has them all. */
enum { MAX_UNDONE = 12 };

void outcome_take_host(struct outcome *o, struct host_outcome *h, const struct host_result *hr)
{
    *h = (struct host_outcome){
        .host = hr->host, .reached = hr->reached, .ok = hr->ok, .err = hr->err,
        .done = hr->done_before + hr->done, .n_steps = hr->done_before + hr->owed};
    o->changes += h->done;
    o->all_ok &= hr->ok;
    if (!hr->reached)
        return;
    size_t n = hr->plan.steps.n;
    h->n_steps = hr->done_before + n;
    const char **undone = arena_array(&o->arena, const char *, n);
    for (size_t i = 0; hr->states && i < n; i++) {
        if (hr->states[i] == STEP_DONE)
            continue;
        const char *summary = arena_strdup(&o->arena, hr->plan.steps.v[i].summary);
        if (hr->states[i] == STEP_FAILED && !h->failed)
            h->failed = summary;
        else
            undone[h->n_undone++] = summary;
    }
    h->undone = undone;
}

void outcome_take(struct outcome *o, struct run *r)
{
    *o = (struct outcome){.n = run_count(r), .all_ok = true};
    o->hosts = arena_array(&o->arena, struct host_outcome, o->n);
    for (size_t i = 0; i < o->n; i++)
        outcome_take_host(o, &o->hosts[i], run_result(r, i));
}

void outcome_add(struct outcome *o, struct run *r)
{
    o->all_ok = true;
    for (size_t i = 0; i < o->n; i++) {
        struct host_outcome *h = &o->hosts[i];
        const struct host_outcome before = *h;
        const struct host_result *hr = run_result(r, i);
        if (hr->host && run_in_scope(r, hr->host)) {
            bool all_ok = o->all_ok;
            outcome_take_host(o, h, hr);
            h->done += before.done;
            h->n_steps += before.done;
            o->all_ok = all_ok;
        }
        o->all_ok &= h->ok;
    }
}

void outcome_free(struct outcome *o)
{
    arena_free(&o->arena);
}

static void add_host(struct strbuf *sb, const struct style *st, const struct host_outcome *h)
{
    const char *reset = style_code(st, C_RESET);
    sb_add(sb, style_code(st, C_BOLD));
    sb_foreign(sb, h->host->name, false);
    sb_addf(sb, "%s: ", reset);
    if (h->ok && h->n_steps == 0) {
        sb_add(sb, "no changes\n");
        return;
    }
    if (h->ok) {
        sb_addf(sb, "%zu change%s done\n", h->done, h->done == 1 ? "" : "s");
        return;
    }
    sb_add(sb, style_code(st, C_RED));
    if (h->err.code == ERR_UNREACHABLE || h->err.code == ERR_INTERRUPTED)
        sb_add(sb, h->err.code == ERR_UNREACHABLE ? "unreachable, " : "interrupted, ");
    if (h->done)
        sb_addf(sb, "%zu of %zu changes done", h->done, h->n_steps);
    else
        sb_add(sb, "nothing done");
    sb_addf(sb, "%s\n", reset);
    if (h->failed) {
        sb_add(sb, "  failed: ");
        sb_foreign(sb, h->failed, false);
        sb_addc(sb, '\n');
    }
    if (h->err.code != ERR_INTERRUPTED)
        error_lines(sb, st, "  ", &h->err, NULL);
    for (size_t i = 0; i < h->n_undone && i < MAX_UNDONE; i++) {
        sb_add(sb, "  not done: ");
        sb_foreign(sb, h->undone[i], false);
        sb_addc(sb, '\n');
    }
    if (h->n_undone > MAX_UNDONE)
        sb_addf(sb, "  not done: %zu more\n", h->n_undone - MAX_UNDONE);
}

void outcome_print(FILE *f, const struct style *st, const struct outcome *o)
{
    autosb struct strbuf sb = {0};
    for (size_t i = 0; i < o->n; i++)
        add_host(&sb, st, &o->hosts[i]);
    fputs(sb_str(&sb), f);
}

void outcome_print_json(FILE *f, const struct outcome *o)
{
    for (size_t i = 0; i < o->n; i++) {
        const struct host_outcome *h = &o->hosts[i];
        autosb struct strbuf sb = {0};
        json_open(&sb, NULL, '{');
        json_text(&sb, "type", "outcome");
        json_text(&sb, "host", h->host->name);
        json_bool(&sb, "ok", h->ok);
        json_bool(&sb, "reached", h->reached);
        json_number(&sb, "changes", (long long)h->n_steps);
        json_number(&sb, "done", (long long)h->done);
        json_text(&sb, "failed", h->failed);
        json_open(&sb, "not_done", '[');
        for (size_t k = 0; k < h->n_undone; k++)
            json_text(&sb, NULL, h->undone[k]);
        json_close(&sb, ']');
        if (!h->ok)
            json_error(&sb, "error", &h->err);
        json_line(&sb, f);
    }
}
