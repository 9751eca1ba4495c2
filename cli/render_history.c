#include "cli/render_history.h"

#include "cli/json_out.h"

enum { COLUMNS = 7 };
static const char *const titles[COLUMNS] = {"RUN",   "BEGAN",   "BY",     "COMMAND",
                                            "HOSTS", "CHANGES", "OUTCOME"};

static void add_known(struct strbuf *out, const char *s)
{
    sb_foreign(out, s ? s : "?", false);
}

static void add_outcome(struct strbuf *out, const struct history_run *r)
{
    sb_add(out, run_outcome_name(r->outcome));
    if (r->outcome == RUN_DONE && r->verified)
        sb_add(out, ", verified");
    if (r->outcome == RUN_UNFINISHED)
        sb_addf(out, ": cut off, or at work (%zu of %zu steps)", r->changes, r->planned);
    if (r->restores) {
        sb_add(out, ", restored ");
        sb_foreign(out, r->restores, false);
    }
    if (r->error && r->outcome != RUN_DONE) {
        sb_add(out, ": ");
        sb_foreign(out, r->error, false);
    }
}

static void fill(struct strbuf cell[static COLUMNS], const struct history_run *r)
{
    add_known(&cell[0], r->id);
    add_known(&cell[1], r->began);
    add_known(&cell[2], r->who);
    add_known(&cell[3], r->command);
    sb_addf(&cell[4], "%zu", r->n_hosts);
    sb_addf(&cell[5], "%zu", r->changes);
    add_outcome(&cell[6], r);
}

static enum color outcome_color(const struct history_run *r)
{
    return r->outcome == RUN_DONE ? C_GREEN : r->outcome == RUN_FAILED ? C_RED : C_YELLOW;
}

/* `r` NULL: the titles. */
static void add_row(struct strbuf *out, const struct style *st, const struct strbuf *cell,
                    const size_t *width, const struct history_run *r)
{
    for (size_t c = 0; c < COLUMNS; c++) {
        const char *text = r ? sb_str(&cell[c]) : titles[c];
        enum color color = !r ? C_BOLD : c == COLUMNS - 1 ? outcome_color(r) : C_RESET;
        if (color != C_RESET)
            sb_add(out, style_code(st, color));
        sb_add(out, text);
        if (color != C_RESET)
            sb_add(out, style_code(st, C_RESET));
        if (c < COLUMNS - 1)
            sb_addf(out, "%*s", (int)(width[c] - term_width(text)) + 2, "");
    }
    sb_addc(out, '\n');
}

void print_history(FILE *f, const struct style *st, const struct history *h)
{
    struct strbuf(*cells)[COLUMNS] = xcalloc(h->n ? h->n : 1, sizeof *cells);
    size_t width[COLUMNS];
    autosb struct strbuf out = {0};
    for (size_t c = 0; c < COLUMNS; c++)
        width[c] = term_width(titles[c]);
    for (size_t i = 0; i < h->n; i++) {
        fill(cells[i], h->runs[i]);
        for (size_t c = 0; c < COLUMNS; c++)
            if (term_width(sb_str(&cells[i][c])) > width[c])
                width[c] = term_width(sb_str(&cells[i][c]));
    }
    if (h->n)
        add_row(&out, st, NULL, width, NULL);
    else
        sb_add(&out, "No host remembers a run.\n");
    for (size_t i = 0; i < h->n; i++) {
        add_row(&out, st, cells[i], width, h->runs[i]);
        for (size_t c = 0; c < COLUMNS; c++)
            sb_free(&cells[i][c]);
    }
    xfree(cells);
    fputs(sb_str(&out), f);
}

static void add_field(struct strbuf *out, const char *name, const char *value)
{
    if (!value)
        return;
    sb_addf(out, "  %-10s ", name);
    sb_foreign(out, value, false);
    sb_addc(out, '\n');
}

static void add_host(struct strbuf *out, const struct style *st, const struct history_host *h)
{
    sb_addf(out, "\n%s", style_code(st, C_BOLD));
    sb_foreign(out, h->host->name, false);
    sb_addf(out, "%s: %zu of %zu steps done", style_code(st, C_RESET), h->n_steps, h->planned);
    if (h->ssh_user) {
        sb_add(out, ", as ");
        sb_foreign(out, h->ssh_user, false);
    }
    sb_addc(out, '\n');
    for (size_t i = 0; i < h->n_steps; i++) {
        sb_add(out, "  ");
        add_known(out, h->steps[i].summary);
        if (h->steps[i].impact) {
            sb_addf(out, " %s(", style_code(st, C_DIM));
            sb_foreign(out, h->steps[i].impact, false);
            sb_addf(out, ")%s", style_code(st, C_RESET));
        }
        sb_addc(out, '\n');
    }
}

void print_run(FILE *f, const struct style *st, const struct history_run *r)
{
    autosb struct strbuf out = {0}, outcome = {0};
    add_outcome(&outcome, r);
    sb_addf(&out, "run %s%s%s\n", style_code(st, C_BOLD), r->id, style_code(st, C_RESET));
    add_field(&out, "command", r->command);
    add_field(&out, "by", r->who);
    add_field(&out, "began", r->began);
    add_field(&out, "ended", r->ended);
    add_field(&out, "outcome", sb_str(&outcome));
    add_field(&out, "inventory", r->inventory);
    add_field(&out, "sha-256", r->inventory_secret ? NULL : r->inventory_sha);
    add_field(&out, "templates", r->template_dir);
    add_field(&out, "clusterctl", r->version);
    add_field(&out, "undoes", r->undoes);
    for (size_t i = 0; i < r->n_hosts; i++)
        add_host(&out, st, &r->hosts[i]);
    fputs(sb_str(&out), f);
}

static void json_host(struct strbuf *sb, const struct history_host *h, bool steps)
{
    json_open(sb, NULL, '{');
    json_text(sb, "host", h->host->name);
    json_text(sb, "ssh_user", h->ssh_user);
    json_number(sb, "planned", (long long)h->planned);
    json_number(sb, "changes", (long long)h->n_steps);
    if (steps) {
        json_open(sb, "steps", '[');
        for (size_t i = 0; i < h->n_steps; i++) {
            json_open(sb, NULL, '{');
            json_text(sb, "summary", h->steps[i].summary);
            json_text(sb, "impact", h->steps[i].impact);
            json_text(sb, "file", h->steps[i].file);
            json_close(sb, '}');
        }
        json_close(sb, ']');
    }
    json_close(sb, '}');
}

void print_run_json(FILE *f, const struct history_run *r, bool steps)
{
    autosb struct strbuf sb = {0};
    json_open(&sb, NULL, '{');
    json_text(&sb, "type", "run");
    json_text(&sb, "run", r->id);
    json_text(&sb, "command", r->command);
    json_text(&sb, "who", r->who);
    json_text(&sb, "began", r->began);
    json_text(&sb, "ended", r->ended);
    json_text(&sb, "outcome", run_outcome_name(r->outcome));
    json_bool(&sb, "verified", r->verified);
    json_bool(&sb, "part", r->part);
    json_text(&sb, "error", r->error);
    json_number(&sb, "planned", (long long)r->planned);
    json_number(&sb, "changes", (long long)r->changes);
    json_text(&sb, "version", r->version);
    json_text(&sb, "inventory", r->inventory);
    json_text(&sb, "inventory_sha256", r->inventory_secret ? NULL : r->inventory_sha);
    json_text(&sb, "templates", r->templates);
    json_text(&sb, "template_dir", r->template_dir);
    json_text(&sb, "undoes", r->undoes);
    json_text(&sb, "restores", r->restores);
    json_open(&sb, "hosts", '[');
    for (size_t i = 0; i < r->n_hosts; i++)
        json_host(&sb, &r->hosts[i], steps);
    json_close(&sb, ']');
    json_line(&sb, f);
}

void run_words(struct strbuf *out, const struct history_run *r)
{
    sb_addf(out, "%s (", r->id);
    add_known(out, r->command);
    sb_add(out, " by ");
    add_known(out, r->who);
    sb_addc(out, ')');
}
