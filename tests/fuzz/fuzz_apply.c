/*
 * One host from the far end: the input is all that its shell says while it is asked, and while
 * a plan is carried out. A line "@KIND REST" is sent as one of ours; "." ends a command's output.
 * ssh/exec.c's functions stand here: its object is not linked.
 */
#include "base/clock.h"
#include "engine/worker.h"
#include "fuzz.h"
#include "fuzz_cluster.h"

static struct far_end {
    const char *says;
    char nonce[NONCE_LEN + 1];
    const struct ssh_sink *sink;
    bool ended;
} host;

struct ssh_exec *ssh_root_shell(struct ssh *s, const struct ssh_sink *sink, struct err *e)
{
    (void)s, (void)e;
    host.sink = sink;
    return (struct ssh_exec *)&host;
}

int ssh_exec_send(struct ssh_exec *x, const char *data, size_t len, int64_t deadline, struct err *e)
{
    (void)x, (void)deadline, (void)e;
    if (len > NONCE_LEN + 2 && !strncmp(data, "N=", 2))
        memcpy(host.nonce, data + 2, NONCE_LEN);
    return 0;
}

/* The next line of the input is the next of its output. 1: there is none. */
static int say(struct err *e)
{
    char *line = fuzz_line(&host.says);
    autosb struct strbuf out = {0};
    if (!line || (*line == '.' && !line[1])) /* the end of this command */
        return free(line), 1;
    if (*line == '@')
        sb_addf(&out, "@%s %s", host.nonce, line + 1);
    else
        sb_add(&out, line);
    free(line);
    sb_addc(&out, '\0');
    autofree char *exact = xmalloc(out.len);
    memcpy(exact, out.s, out.len);
    return host.sink->line(host.sink->ud, exact, out.len - 1, e);
}

int ssh_exec_wait(struct ssh_exec *x, int wake_fd, int64_t deadline, struct err *e)
{
    int rc;
    (void)x, (void)wake_fd, (void)deadline;
    while ((rc = say(e)) == 0)
        ;
    return rc;
}

int ssh_exec_finish(struct ssh_exec *x, int64_t deadline, int *status, struct err *e)
{
    *status = 0;
    return ssh_exec_wait(x, -1, deadline, e) < 0 ? -1 : 0;
}

const char *ssh_exec_stderr(const struct ssh_exec *x)
{
    (void)x;
    return "";
}

void ssh_exec_free(struct ssh_exec *x)
{
    (void)x;
}

static void emit(struct worker *w, struct event ev)
{
    (void)w;
    HOLDS(ev.step_no <= ev.n_steps && (!ev.step || ev.step_no >= 1));
    HOLDS(!ev.text || fuzz_is_shown(ev.text, strlen(ev.text), true));
}

static struct arena kept;

static const char *keep(struct worker *w, const char *text, size_t len)
{
    (void)w;
    return arena_strndup(&kept, text, len);
}

/* Few resources, so that a run is short; nothing is there of any, so that each has a step. */
static void declare(struct catalog *c, struct observation *o, struct plan *p)
{
    struct resource *mount;
    want_sysctl(c, "net.ipv4.ip_forward", "1")->provides = "forwarding";
    want_kmod(c, "ip_vs");
    want_block(c, "/etc/fstab", (struct res_block){.marker = "clusterctl", .content = "x"});
    mount = want_mount(c, "/srv/web",
                       (struct res_mount){.source = "10.1.1.134:/nfs/web", .fstype = "nfs"});
    want_service(c, "nginx.service", (struct res_service){0});
    /* Of a host that has ended already: it goes on without, as that is soft. */
    want_needs(c, mount, &c->cluster->hosts[F_NFS], "export", true);
    observation_init(o, c);
    plan_make(p, c, o);
}

static int on_record(const struct host_result *hr, char *value, void *ud, struct err *e)
{
    (void)hr, (void)e;
    *(size_t *)ud += strlen(value);
    return 0;
}

static void nothing(struct script *s, const struct host_result *hr, void *ud)
{
    (void)s, (void)hr, (void)ud;
}

static void ask(struct worker *w, size_t most)
{
    size_t heard = 0;
    struct err e = {0};
    const struct remote_query q = {.fragment = nothing, .record = on_record, .ud = &heard};
    int rc = worker_query(w, &q, DEADLINE_NEVER, &e);
    HOLDS(heard <= most && (rc == 0 || (*e.msg && e.code != ERR_NONE)));
}

static void apply(struct worker *w)
{
    struct host_result *hr = w->hr;
    struct err e = {0};
    int rc = worker_apply(w, &e);
    HOLDS(rc == 0 || (*e.msg && e.code != ERR_NONE)); /* raw: cli/ quotes it */
    HOLDS(hr->done <= hr->plan.steps.n && (rc < 0 || hr->done == hr->plan.steps.n));
    for (size_t i = 0; i < hr->plan.steps.n; i++)
        HOLDS((hr->states[i] == STEP_DONE) == (i < hr->done));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct host_result hr;
    static struct board *board;
    static struct ssh *session = (struct ssh *)&host;
    enum step_state states[8] = {STEP_PENDING};
    const struct run_options options = {.step_timeout_s = 10};
    autofree char *text = fuzz_text(data, size);
    const struct cluster *c = fuzz_cluster();
    if (!board) {
        hr.host = &c->hosts[F_WEB1];
        hr.catalog = (struct catalog){.cluster = c, .host = hr.host, .facts = &hr.facts};
        declare(&hr.catalog, &hr.observed, &hr.plan);
        board = board_new(c->n_hosts);
        HOLDS(hr.plan.steps.n == 5);
    }
    hr.states = states;
    hr.done = 0;
    hr.err = hr.step_err = (struct err){0};
    board_reset(board);
    board_end(board, &c->hosts[F_NFS], ERR_FAILED);
    struct worker w = {.options = &options,
                       .cluster = c,
                       .board = board,
                       .ssh = &session,
                       .hr = &hr,
                       .owner = "fuzz",
                       .emit = emit,
                       .keep = keep};
    host = (struct far_end){.says = text};
    ask(&w, size);
    apply(&w);
    arena_free(&kept);
    return 0;
}
