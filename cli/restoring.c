#include "cli/restoring.h"

#include <string.h>

#include "cli/ask.h"
#include "cli/deploying.h"
#include "cli/json_out.h"
#include "cli/render_history.h"
#include "cli/render_plan.h"
#include "inventory/load.h"

/*
 * How a host is reached is the operator's affair, not a state of the cluster: what a director says of it could
 * name files of this machine, and say which host keys are to be trusted.
 */
static void keep_connections(struct cluster *c, const struct cluster *at_hand)
{
    for (size_t i = 0; i < c->n_hosts; i++) {
        const struct host *h = cluster_host(at_hand, c->hosts[i].name);
        c->hosts[i].ssh = h ? h->ssh : at_hand->ssh;
    }
}

static int parse(struct restoring *r, const struct strbuf *text, struct err *e)
{
    struct diagnostics diags = {0};
    struct arena *a = &r->history.arena;
    const char *name = arena_printf(a, "inventory of run %s", r->good->id);
    const char *slash = strrchr(r->from->inventory, '/');
    const char *folder = slash ? arena_strndup(a, r->from->inventory,
                                               (size_t)(slash - r->from->inventory) + 1)
                               : ".";
    r->cluster = inventory_parse_kept(sb_str(text), text->len, name, folder,
                                      r->from->cluster, &diags, e);
    if (!r->cluster) {
        report_diagnostics(name, &diags);
        err_hint(e, "another version of clusterctl made that run; this one cannot restore it");
    }
    diagnostics_free(&diags);
    if (!r->cluster)
        return -1;
    keep_connections(r->cluster, r->from->cluster);
    r->in = *r->from;
    r->in.args.reboot = false; /* which may be what failed */
    r->in.cluster = r->cluster;
    r->in.inventory = name;
    return 0;
}

/* The command that would go on with this: by its id, as a rollback cut short is the last run. */
static void name_command(struct restoring *r)
{
    const char **argv = arena_array(&r->history.arena, const char *, 5);
    argv[0] = "clusterctl";
    argv[1] = cmd_rollback.name;
    argv[2] = r->undone->id;
    argv[3] = "--inventory";
    argv[4] = r->from->inventory;
    r->in.command = &cmd_rollback;
    r->in.operand = r->undone->id;
    r->in.argv = argv;
    r->in.argc = 5;
}

static bool renders_as(const struct restoring *r, const char *dir)
{
    char digest[SHA256_HEX_LEN];
    struct err ignored = {0};
    const struct template_set set = {.dir = dir};
    return r->good->templates && template_set_digest(&set, digest, &ignored) == 0 &&
           !strcmp(digest, r->good->templates);
}

/* The templates that the good run used, if they are still to be had. */
static void choose_templates(struct restoring *r)
{
    const char *const dirs[] = {r->from->args.templates, NULL, r->good->template_dir};
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        if (!renders_as(r, dirs[i]))
            continue;
        r->in.args.templates = dirs[i];
        return;
    }
    autosb struct strbuf dir = {0}, version = {0}; /* a host's words, on one line */
    sb_foreign(&dir, r->good->template_dir ? r->good->template_dir : "built in", false);
    sb_foreign(&version, r->good->version ? r->good->version : "?", false);
    report_note(&r->from->err,
                "run %s used other templates (%s, clusterctl %s): files may come back otherwise "
                "than they were",
                r->good->id, sb_str(&dir), sb_str(&version));
}

static int choose(struct restoring *r, const char *run, struct err *e)
{
    r->undone = run ? history_find(&r->history, run, e) : history_last_change(&r->history);
    if (!r->undone)
        return run ? -1 : err_set(e, ERR_FAILED, "no run that the hosts remember changed anything");
    r->good = history_good_before(&r->history, r->undone->id);
    if (r->good)
        return 0;
    err_set(e, ERR_FAILED, "there is no earlier state: no run before %s is known to have gone well",
            r->undone->id);
    return err_hint(e, "`clusterctl history` lists what the hosts remember");
}

int restoring_find(struct restoring *r, const struct invocation *in, const char *run,
                   struct err *e)
{
    struct session s;
    struct err reach = {0};
    autosb struct strbuf text = {0};
    *r = (struct restoring){.from = in};
    int rc = session_open(&s, in, true, e);
    if (rc == 0 && run_execute(s.run, RUN_REACH, NULL, &reach) < 0 &&
        reach.code == ERR_INTERRUPTED) {
        *e = reach;
        rc = -1;
    }
    struct err answer = {0};
    if (rc == 0)
        history_read(s.run, &r->history, &answer);
    if (rc == 0 && !r->history.n && (reach.code != ERR_NONE || answer.code != ERR_NONE)) {
        *e = reach.code != ERR_NONE ? reach : answer;
        rc = -1;
    }
    if (rc == 0)
        rc = choose(r, run, e);
    if (rc == 0)
        rc = history_inventory(s.run, r->good->inventory_sha, &text, e);
    session_close(&s);
    if (rc == 0)
        rc = parse(r, &text, e);
    if (rc < 0)
        return -1;
    name_command(r);
    choose_templates(r);
    return 0;
}

static void announce(const struct restoring *r)
{
    autosb struct strbuf undone = {0}, good = {0}, sb = {0};
    if (r->from->args.output == OUTPUT_JSON) {
        json_open(&sb, NULL, '{');
        json_text(&sb, "type", "rollback");
        json_text(&sb, "undoes", r->undone->id);
        json_text(&sb, "restores", r->good->id);
        json_line(&sb, stdout);
        return;
    }
    run_words(&undone, r->undone);
    run_words(&good, r->good);
    sb_foreign(&sb, r->good->ended ? r->good->ended : "?", false);
    printf("Undoing   %s\nRestoring %s, ended %s\n\n", sb_str(&undone), sb_str(&good), sb_str(&sb));
    fflush(stdout);
}

static void tell_files(const struct restoring *r, struct session *s)
{
    struct restored_files f;
    restored_compare(&f, r, s->run);
    for (size_t i = 0; i < f.differ.n; i++)
        report_note(&r->in.err, "%s is not what it was before", f.differ.v[i]);
    if (r->in.args.output == OUTPUT_TEXT && f.same + f.differ.n)
        printf("%zu of %zu files that had changed since are byte for byte what they were.\n", f.same,
               f.same + f.differ.n);
    if (f.gone)
        report_note(&r->in.err, "%zu more files are none that the restored inventory is about", f.gone);
    restored_free(&f);
}

/* The file on the operator's disk has not been rolled back. */
static void tell_inventory(const struct restoring *r)
{
    if (strcmp(r->from->cluster->text, r->cluster->text) != 0)
        report_note(&r->in.err,
                    "%s still says what was undone: the next deploy with it makes the change again"
                    "%s", r->from->inventory,
                    r->in.args.out ? "" : " (`rollback --out FILE` writes the restored one)");
}

static int carry_out(struct restoring *r, struct session *s, bool ask, struct err *e)
{
    struct plan_totals t = {0};
    int rc = deploy_look(s, &t, e);
    if (r->in.args.dry_run || (rc < 0 && (e->code == ERR_INTERRUPTED || !t.changes)))
        return rc;
    if (rc < 0) /* as deploy does: what can be reached is put right */
        report_error(&r->in.err, e);
    if (!t.changes && !t.blocked) {
        tell_inventory(r);
        return 0;
    }
    *e = (struct err){0};
    if (ask && ask_yes("Restore this?", "--yes", e) < 0)
        return -1;
    recording_begin(s, "rollback", r->undone->id, r->good->id);
    int status = deploy_apply(s, e);
    if (status < 0)
        return -1;
    if (status != err_exit_status(ERR_INTERRUPTED) && !r->in.args.no_verify)
        tell_files(r, s);
    tell_inventory(r);
    return status;
}

int restoring_apply(struct restoring *r, bool ask, struct err *e)
{
    struct session s;
    announce(r);
    int rc = session_open(&s, &r->in, true, e);
    if (rc == 0)
        rc = carry_out(r, &s, ask, e);
    session_close(&s);
    return rc;
}

int restoring_after(const struct invocation *in, const char *run, int status, struct err *e)
{
    struct restoring r;
    enum { ROLLED_BACK = 1 };
    if (status == err_exit_status(ERR_INTERRUPTED)) {
        report_note(&in->err, "interrupted, so nothing is rolled back; `clusterctl rollback %s` does",
                    run);
        return status;
    }
    report_note(&in->err, "run %s failed after it had changed something: rolling back", run);
    int rc = restoring_find(&r, in, run, e);
    if (rc == 0)
        rc = restoring_apply(&r, false, e);
    if (rc == 0)
        report_note(&in->err, "the state that run %s left is back; run %s is undone", r.good->id, run);
    else if (rc > 0)
        report_note(&in->err, "run %s is not wholly undone", run);
    restoring_free(&r);
    if (rc < 0) {
        err_wrap(e, "run %s is not undone", run);
        return -1;
    }
    return rc == err_exit_status(ERR_INTERRUPTED) ? rc : ROLLED_BACK;
}

void restoring_free(struct restoring *r)
{
    cluster_free(r->cluster);
    history_free(&r->history);
}
