#include "cli/recording.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/who.h"
#include "cli/journal.h"
#include "cli/json_out.h"
#include "cli/outcome.h"
#include "cli/session.h"

static void add_about(struct session *s, struct strbuf *sb, const char *command,
                      const char *undoes, const char *restores)
{
    char when[CLOCK_WALL_LEN], digest[SHA256_HEX_LEN];
    autosb struct strbuf who = {0};
    autofree char *path = realpath(s->in->inventory, NULL);
    struct err ignored = {0};
    who_text(&who);
    json_text(sb, "command", command);
    json_text(sb, "who", sb_str(&who));
    json_text(sb, "began", clock_wall(when));
    json_text(sb, "version", CLUSTERCTL_VERSION);
    json_text(sb, "inventory", path ? path : s->in->inventory);
    if (template_set_digest(&s->templates, digest, &ignored) == 0)
        json_text(sb, "templates", digest);
    json_text(sb, "template_dir", s->templates.dir);
    json_text(sb, "undoes", undoes);
    json_text(sb, "restores", restores);
    if (s->recording.part)
        json_bool(sb, "part", true);
    if (s->in->cluster->text_has_secret)
        json_bool(sb, "inventory_secret", true);
}

/* A pass may be on the screen. */
__attribute__((format(printf, 2, 3))) static void note(struct session *s, const char *fmt, ...)
{
    autosb struct strbuf text = {0};
    va_list ap;
    va_start(ap, fmt);
    sb_vaddf(&text, fmt, ap);
    va_end(ap);
    notes_add(&s->notes, sb_str(&text));
}

static void journal(struct session *s, const char *members)
{
    struct err e = {0};
    autosb struct strbuf line = {0};
    sb_addf(&line, "{\"run\":\"%s\",\"cluster\":", s->recording.id);
    autosb struct strbuf name = {0};
    json_text(&name, NULL, s->in->cluster->name);
    sb_addf(&line, "%s,%s}", sb_str(&name), members);
    if (journal_append(&line, &e) < 0)
        note(s, "this run is not in your journal: %s", e.msg);
}

static const char *newest_run(struct session *s)
{
    const char *newest = NULL;
    for (size_t i = 0; i < run_count(s->run); i++) {
        const char *id = run_result(s->run, i)->facts.newest_run;
        if (id && (!newest || strcmp(id, newest) > 0))
            newest = id;
    }
    return newest;
}

/* Ids tell rollback what came after what, also where our clock is behind another's. */
static void put_last(struct session *s)
{
    enum { MINUTES = 13 }; /* "20261126T0715" */
    char *id = s->recording.id;
    const char *newest = newest_run(s);
    bool behind = newest && strncmp(newest, id, MINUTES) > 0;
    if (newest && !run_id_follow(id, newest))
        note(s,
             "no run can come after run %s, which a host remembers: `rollback` has to be told which "
             "run to undo",
             newest);
    else if (behind)
        note(s,
             "the clock of this machine is behind that of the last run's (%s): this run is called "
             "%s, to come after it",
             newest, id);
}

/* What hosts remember is known only once they have been looked at. */
static void give_name(void *ud)
{
    struct session *s = ud;
    struct recording *r = &s->recording;
    struct err e = {0};
    r->record.name = NULL;
    if (run_id_make(r->id, &e) < 0) {
        note(s, "this run is not recorded: %s", e.msg);
        return;
    }
    put_last(s);
    r->record.id = r->id;
    autosb struct strbuf members = {0};
    sb_add(&members, r->record.about);
    if (!s->in->cluster->text_has_secret)
        json_text(&members, "inventory_sha256", r->record.inventory_sha);
    journal(s, sb_str(&members));
}

static void begin(struct session *s, const char *command, const char *undoes,
                  const char *restores, bool part)
{
    struct recording *r = &s->recording;
    const char *text = s->in->cluster->text;
    recording_free(r);
    r->part = part;
    add_about(s, &r->about, command, undoes, restores);
    r->record.about = sb_str(&r->about);
    sha256_hex(text, strlen(text), r->record.inventory_sha);
    r->record.name = give_name;
    r->record.ud = s;
}

void recording_begin(struct session *s, const char *command, const char *undoes,
                     const char *restores)
{
    begin(s, command, undoes, restores, false);
}

void recording_begin_part(struct session *s)
{
    autosb struct strbuf command = {0};
    sb_add(&command, s->in->command->name);
    for (size_t i = 0; i < s->in->n_operands; i++)
        sb_addf(&command, " %s", s->in->operands[i]);
    begin(s, sb_str(&command), NULL, NULL, true);
}

/* What the end is told to hosts with. */
struct telling {
    const struct run_record *record;
    const char *end, *inventory;
    bool *told; /* one for each host */
};

static void tell(struct script *s, const struct host_result *hr, void *ud)
{
    const struct telling *t = ud;
    t->told[hr->host->index_in_cluster] = false;
    record_end(s, t->record, hr->host, t->end, t->inventory);
}

static int on_told(const struct host_result *hr, char *value, void *ud, struct err *e)
{
    const struct telling *t = ud;
    (void)e;
    if (!strcmp(value, "recorded"))
        t->told[hr->host->index_in_cluster] = true;
    return 0;
}

/* Hosts that were changed and do not know how it ended. */
static void complain(struct session *s, const struct outcome *o, const bool *told)
{
    autosb struct strbuf names = {0};
    if (s->options.destroy) /* they have forgotten it, as they should */
        return;
    for (size_t i = 0; o && i < o->n; i++)
        if (o->hosts[i].done && !told[o->hosts[i].host->index_in_cluster])
            sb_addf(&names, "%s%s", names.len ? ", " : "", o->hosts[i].host->name);
    if (names.len)
        report_note(&s->in->err, "the record of this run (%s) could not be ended on %s",
                    s->recording.id, sb_str(&names));
}

/* Not all directors remember this very inventory as the last good one. */
static bool is_news(struct session *s)
{
    for (size_t i = 0; i < run_count(s->run); i++) {
        const struct host_result *hr = run_result(s->run, i);
        if (!hr->host || !hr->reached || !(hr->host->roles & ROLE_DIRECTOR))
            continue;
        const char *sha = hr->facts.good ? strchr(hr->facts.good, ' ') : NULL;
        if (!sha || strcmp(sha + 1, s->recording.record.inventory_sha) != 0)
            return true;
    }
    return false;
}

static const char *outcome_word(int status)
{
    return status == 0                                    ? "done"
           : status == err_exit_status(ERR_INTERRUPTED) ? "interrupted"
                                                          : "failed";
}

void recording_end(struct session *s, const struct run_ending *end)
{
    struct recording *r = &s->recording;
    char when[CLOCK_WALL_LEN];
    autosb struct strbuf members = {0};
    const struct outcome *o = end->outcome;
    bool whole = !r->part && end->status == 0;
    size_t planned = o ? 0 : 1;
    if (r->record.name) /* nothing was changed */
        r->record.name(r->record.ud);
    if (!r->record.id)
        return;
    json_text(&members, "ended", clock_wall(when));
    json_text(&members, "outcome", outcome_word(end->status));
    json_bool(&members, "verified", end->verified);
    if (o)
        json_number(&members, "changes", (long long)o->changes);
    json_text(&members, "error", end->error);
    journal(s, sb_str(&members));
    r->changes = o ? o->changes : 0;
    for (size_t i = 0; o && i < o->n; i++)
        planned += o->hosts[i].n_steps;
    if (planned || (whole && is_news(s))) {
        struct telling t = {&r->record, sb_str(&members), whole ? s->in->cluster->text : NULL,
                            xcalloc(run_count(s->run), sizeof(bool))};
        const struct remote_query q = {tell, on_told, &t, .insist = true};
        struct err ignored = {0};
        if (end->status == err_exit_status(ERR_INTERRUPTED)) {
            /* Sessions have seen the interruption, and would stop at once. */
            for (size_t i = 0; i < run_count(s->run); i++)
                run_disconnect(s->run, &s->in->cluster->hosts[i]);
            run_ignore_cancel(s->run);
        }
        run_query(s->run, &q, &ignored);
        complain(s, o, t.told);
        xfree(t.told);
    }
    r->record.id = NULL;
}

void recording_free(struct recording *r)
{
    sb_free(&r->about);
    *r = (struct recording){0};
}
