#include "cli/session.h"

#include "cli/ask_secret.h"
#include "cli/signals.h"
#include "modules/registry.h"
#include "probe/http.h"

/* A NULL-terminated list of what --forget names. */
static const char *const *forgotten_names(struct session *s, const struct option_list *l)
{
    for (size_t i = 0; i < l->n && i < OPTION_LIST_MAX; i++)
        s->forgotten[i] = l->v[i];
    return s->forgotten;
}

int session_open(struct session *s, const struct invocation *in, bool network, struct err *e)
{
    *s = (struct session){.in = in,
                          .templates.dir = in->args.templates,
                          .notes.lock = PTHREAD_MUTEX_INITIALIZER,
                          .cancel = {.cancel_fd = -1,
                                     .note = notes_add,
                                     .ud = &s->notes,
                                     .ask = secret_ask,
                                     .accepted = secret_accepted}};
    s->options = (struct run_options){
        .modules = in->units ? &module_table_units : &module_table,
        .units = in->units,
        .assume_family = in->args.assume_family,
        .templates = &s->templates,
        .cancel = &s->cancel,
        .confirm_s = (unsigned)(in->args.confirm_us / 1000000),
        .destroy = in->command == &cmd_destroy,
        .purge = in->args.purge,
        .forgotten = forgotten_names(s, &in->args.forget),
        .record = &s->recording.record,
        .max_parallel = in->args.parallel,
        .lock_wait_s = in->args.lock_wait_s ? in->args.lock_wait_s : 300,
        .reconnect_s = in->args.reconnect_s ? in->args.reconnect_s : 60,
        .step_timeout_s = in->args.step_timeout_s ? in->args.step_timeout_s : 900,
    };
    if (in->args.templates && template_dir_check(in->args.templates, e) < 0) {
        e->code = e->code == ERR_SYSTEM ? ERR_SYSTEM : ERR_USAGE;
        return err_wrap(e, "option '--templates'");
    }
    if (!network)
        return 0;
    if (ssh_configure(in->cluster->hosts, in->cluster->n_hosts, &in->cluster->arena, &s->cancel,
                      e) < 0 ||
        signals_init(e) < 0 || ssh_global_init(e) < 0 || http_global_init(e) < 0)
        return -1;
    s->cancel.cancel_fd = signals_fd();
    s->run = run_new(in->cluster, &s->options);
    return 0;
}

static struct renderer *choose_renderer(const struct session *s, enum pass pass)
{
    const struct invocation *in = s->in;
    struct render_options o = {
        .out = stderr,
        .cluster = in->cluster,
        .style = in->err,
        .pass = pass,
        .quiet = in->args.quiet,
    };
    if (in->args.output == OUTPUT_JSON) {
        o.out = stdout;
        return render_json_new(&o);
    }
    if (in->args.output == OUTPUT_TEXT && !o.quiet && !s->lines && term_is_live(stderr))
        return render_live_new(&o);
    return render_plain_new(&o);
}

int session_pass(struct session *s, enum run_mode mode, enum pass pass, struct err *e)
{
    if (mode == RUN_APPLY && claim_check(s->claim, e) < 0)
        return -1;
    struct renderer *r = choose_renderer(s, pass);
    int rc = run_execute(s->run, mode, &r->sink, e);
    r->free(r);
    notes_say(&s->notes, &s->in->err);
    return rc;
}

/* The first half's hosts have not ended. */
static void look_event(void *ud, const struct event *ev)
{
    const struct event_sink *sink = ud;
    if (ev->type != EV_HOST_OK && ev->type != EV_HOST_FAILED && ev->type != EV_RUN_END)
        sink->event(sink->ud, ev);
}

static void look_tick(void *ud, int64_t at_ms)
{
    const struct event_sink *sink = ud;
    if (sink->tick)
        sink->tick(sink->ud, at_ms);
}

int session_look(struct session *s, struct err *e)
{
    s->halfway = choose_renderer(s, PASS_APPLY);
    const struct event_sink first = {look_event, look_tick, &s->halfway->sink};
    return run_execute(s->run, RUN_OBSERVE, &first, e);
}

int session_carry_out(struct session *s, struct err *e)
{
    if (!s->halfway) /* dropped in between */
        s->halfway = choose_renderer(s, PASS_APPLY);
    int rc = run_execute(s->run, RUN_PLANNED, &s->halfway->sink, e);
    s->halfway->free(s->halfway);
    s->halfway = NULL;
    notes_say(&s->notes, &s->in->err);
    return rc;
}

void session_drop(struct session *s)
{
    struct renderer *r = s->halfway;
    if (!r)
        return;
    r->sink.event(r->sink.ud, &(struct event){.type = EV_RUN_END});
    r->free(r);
    s->halfway = NULL;
}

static void say_wait(void *ud, const char *text)
{
    struct session *s = ud;
    session_drop(s);
    report_note(&s->in->err, "%s", text);
}

int session_claim(struct session *s, struct err *e)
{
    const struct claim_options o = {.run = s->run,
                                    .cancel = &s->cancel,
                                    .wait_s = s->options.lock_wait_s,
                                    .say = say_wait,
                                    .ud = s};
    return s->claim ? 0 : claim_take(&s->claim, &o, e);
}

void session_close(struct session *s)
{
    if (!s->in) /* it never came to that */
        return;
    session_drop(s);
    claim_release(s->claim);
    s->claim = NULL;
    notes_say(&s->notes, &s->in->err);
    recording_free(&s->recording);
    arena_free(&s->arena);
    if (!s->run)
        return;
    run_free(s->run);
    s->run = NULL;
    http_global_exit();
    ssh_global_exit();
}
