/*
 * A command-line face of ssh/ for its tests: connect, run a command, print what came of it.
 *
 *   ssh_tool [OPTION=VALUE]... [COMMAND]
 *
 * With root=1 the command goes to a root shell (become=1: through sudo). Secrets are on the command line
 * here: they are a test's own.
 *
 * Results go to standard output as "key: value" lines, the command's own output to the file out=.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/quote.h"
#include "base/vec.h"
#include "ssh/ssh.h"

struct options {
    const char *password, *passphrase, *become_password;
    const char *address, *user, *host_key, *config, *alias,
        *transport, *in, *out, *trailer, *wake_on, *cancel_on;
    uint64_t port, connect_timeout, dead_after, timeout, threads, max_line, max_total, repeat;
    uint64_t cancel_after, pieces, answer_after, pause;
    bool agent, no_finish, null_wait, settings, become, root;
    VEC(const char *) identities;
    VEC(const char *) known_hosts;
    VEC(const char *) pinned_keys;
    VEC(const char *) jump;
    VEC(const char *) answers; /* to questions, one after the other; "^C" interrupts */
    const char *command;
};

static pthread_mutex_t answering = PTHREAD_MUTEX_INITIALIZER;
static size_t answered;

struct job {
    const struct options *o;
    struct host host;
    struct ssh_cancel cancel;
    int wake_fd;
    FILE *out;
    size_t lines, bytes, failures;
    bool trailer_seen;
    pthread_t thread;
};

static int cancel_fd = -1;

/* SIGINT, for tests that interrupt from outside; eventfd writes are async-signal-safe. */
static void on_interrupt(int sig)
{
    const uint64_t one = 1;
    (void)sig;
    if (write(cancel_fd, &one, sizeof one) < 0)
        _exit(1);
}

static int take_line(void *ud, const char *line, size_t len, struct err *e)
{
    struct job *j = ud;
    const uint64_t one = 1;
    (void)e;
    j->lines++;
    j->bytes += len + 1;
    if (j->out) {
        fwrite(line, 1, len, j->out);
        fputc('\n', j->out);
    }
    /* A trailer counts only as the last line. */
    j->trailer_seen = j->o->trailer && !strcmp(line, j->o->trailer);
    if (j->o->wake_on && !strcmp(line, j->o->wake_on) && write(j->wake_fd, &one, sizeof one) < 0)
        return err_errno(e, "eventfd");
    if (j->o->cancel_on && !strcmp(line, j->o->cancel_on))
        raise(SIGINT);
    if (!strcmp(line, "abort now"))
        return err_set(e, ERR_PROTOCOL, "the sink does not like this line");
    return 0;
}

static char *read_file(const char *path, size_t *len)
{
    struct strbuf sb = {0};
    char buf[65536];
    size_t n;
    FILE *f = fopen(path, "re");
    if (!f) {
        perror(path);
        exit(64);
    }
    while ((n = fread(buf, 1, sizeof buf, f)) > 0)
        sb_addn(&sb, buf, n);
    fclose(f);
    *len = sb.len;
    return sb_detach(&sb);
}

static int send_input(struct job *j, struct ssh_exec *x, int64_t deadline, struct err *e)
{
    size_t len;
    if (!j->o->in)
        return 0;
    autofree char *data = read_file(j->o->in, &len);
    size_t piece = j->o->pieces ? (len + j->o->pieces - 1) / j->o->pieces : len;
    for (size_t at = 0; at < len; at += piece)
        if (ssh_exec_send(x, data + at, len - at < piece ? len - at : piece, deadline, e))
            return -1;
    return 0;
}

static void print_stderr(const struct ssh_exec *x)
{
    autosb struct strbuf sb = {0};
    const char *s = ssh_exec_stderr(x);
    quote_terminal(&sb, s, strlen(s), false);
    printf("stderr_bytes: %zu\n", strlen(s));
    printf("stderr: %.*s\n", 300, sb.len > 300 ? sb.s + sb.len - 300 : sb_str(&sb));
}

static int run(struct job *j, struct ssh *s, struct err *e)
{
    const struct options *o = j->o;
    const struct ssh_sink sink = {
        .line = take_line, .ud = j, .max_line = o->max_line, .max_total = o->max_total};
    int64_t deadline = o->timeout ? deadline_in((int64_t)o->timeout) : DEADLINE_NEVER;
    int status = -1, rc;

    struct ssh_exec *x =
        o->root ? ssh_root_shell(s, &sink, e) : ssh_exec_start(s, o->command, &sink, e);
    if (!x)
        return -1;
    rc = o->root ? ssh_exec_send(x, o->command, strlen(o->command), deadline, e)
                 : send_input(j, x, deadline, e);
    if (!rc && (o->wake_on || o->null_wait)) {
        int woke = ssh_exec_wait(x, j->wake_fd, deadline, e);
        printf("wait: %d after %zu lines\n", woke, j->lines);
        rc = woke < 0 ? -1 : 0;
    }
    if (!rc && !o->no_finish)
        rc = ssh_exec_finish(x, deadline, &status, e);
    if (j->o->threads == 1) {
        printf("status: %d\nlines: %zu\nbytes: %zu\ntrailer: %d\n", status, j->lines, j->bytes,
               j->trailer_seen);
        print_stderr(x);
    }
    if (!rc && o->trailer && (!j->trailer_seen || status))
        rc = err_set(e, ERR_FAILED, "no trailer, or a bad status");
    ssh_exec_free(x);
    return rc;
}

static void print_error(const struct err *e)
{
    static const char *const names[] = {
        [ERR_NONE] = "NONE",
        [ERR_FAILED] = "FAILED",
        [ERR_USAGE] = "USAGE",
        [ERR_INVENTORY] = "INVENTORY",
        [ERR_UNREACHABLE] = "UNREACHABLE",
        [ERR_LOCKED] = "LOCKED",
        [ERR_INTERRUPTED] = "INTERRUPTED",
        [ERR_SYSTEM] = "SYSTEM",
        [ERR_PROTOCOL] = "PROTOCOL",
    };
    printf("error: %s\nmessage: %s\nhint: %s\n", names[e->code], e->msg, e->hint);
}

static void *work(void *arg)
{
    struct job *j = arg;
    struct err e = {0};
    int64_t start = clock_ms();
    struct ssh *s = ssh_connect(&j->host, &j->cancel, &e);
    int rc = s ? 0 : -1;
    if (s && j->o->threads == 1)
        printf("connected: yes\n");
    for (uint64_t i = 0; !rc && j->o->command && i < j->o->repeat; i++) {
        if (i && j->o->pause)
            ssh_cancelled(NULL, (int64_t)j->o->pause);
        rc = run(j, s, &e);
    }
    ssh_close(s);
    j->failures = rc != 0;
    if (rc)
        print_error(&e);
    if (j->o->threads == 1)
        printf("ms: %lld\n", (long long)(clock_ms() - start));
    return NULL;
}

static void number(const char *option, const char *value, uint64_t *out)
{
    if (!parse_u64(value, 0, UINT32_MAX, out)) {
        fprintf(stderr, "bad number: %s\n", option);
        exit(64);
    }
}

static void parse_option(struct options *o, char *arg)
{
    const struct {
        const char *name;
        const char **s;
    } strings[] = {
        {"address", &o->address},
        {"user", &o->user},
        {"in", &o->in},
        {"out", &o->out},
        {"trailer", &o->trailer},
        {"wake_on", &o->wake_on},
        {"cancel_on", &o->cancel_on},
        {"host_key", &o->host_key},
        {"config", &o->config},
        {"alias", &o->alias},
        {"transport", &o->transport},
        {"password", &o->password},
        {"passphrase", &o->passphrase},
        {"become_password", &o->become_password},
    };
    const struct {
        const char *name;
        uint64_t *n;
    } numbers[] = {
        {"port", &o->port},           {"connect_timeout", &o->connect_timeout},
        {"timeout", &o->timeout},     {"dead_after", &o->dead_after},
        {"threads", &o->threads},     {"max_line", &o->max_line},
        {"max_total", &o->max_total}, {"repeat", &o->repeat},
        {"pieces", &o->pieces},       {"answer_after", &o->answer_after},
        {"pause", &o->pause},
    };
    char *value = strchr(arg, '=');
    *value++ = '\0';
    for (size_t i = 0; i < ARRAY_LEN(strings); i++)
        if (!strcmp(arg, strings[i].name))
            *strings[i].s = value;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (!strcmp(arg, numbers[i].name))
            number(arg, value, numbers[i].n);
    if (!strcmp(arg, "identity"))
        *vec_push(&o->identities) = value;
    else if (!strcmp(arg, "known_hosts"))
        *vec_push(&o->known_hosts) = value;
    else if (!strcmp(arg, "pin"))
        *vec_push(&o->pinned_keys) = value;
    else if (!strcmp(arg, "jump"))
        *vec_push(&o->jump) = value;
    else if (!strcmp(arg, "answer"))
        *vec_push(&o->answers) = value;
    else if (!strcmp(arg, "become"))
        o->become = true;
    else if (!strcmp(arg, "root"))
        o->root = true;
    else if (!strcmp(arg, "agent"))
        o->agent = true;
    else if (!strcmp(arg, "settings"))
        o->settings = true;
    else if (!strcmp(arg, "no_finish"))
        o->no_finish = true;
    else if (!strcmp(arg, "wait"))
        o->null_wait = true;
}

static void print_note(void *ud, const char *text)
{
    (void)ud;
    printf("note: %s\n", text);
}

/* Without a memory: every question has an answer of its own. */
static char *answer(void *ud, const struct ssh_question *q, struct err *e)
{
    const struct options *o = ud;
    pthread_mutex_lock(&answering);
    printf("asked: %s of %s%s%s%s%s\n", q->what, q->host ? q->host : "all",
           q->refused ? ", not " : "", q->refused ? q->refused : "", q->said ? ": " : "",
           q->said ? q->said : "");
    if (!answered && o->answer_after) /* as somebody who has to look for it first */
        ssh_cancelled(NULL, (int64_t)o->answer_after);
    const char *s = answered < o->answers.n ? o->answers.v[answered++] : NULL;
    pthread_mutex_unlock(&answering);
    if (s && strcmp(s, "^C") != 0)
        return xstrdup(s);
    if (s)
        err_set(e, ERR_INTERRUPTED, "interrupted");
    else
        err_set(e, ERR_FAILED, "no more answers");
    return NULL;
}

static void note_accepted(void *ud, const struct ssh_question *q, const char *s)
{
    (void)ud;
    printf("accepted: %s: %s\n", q->what, s);
}

static void fill_host(struct job *j, const struct options *o)
{
    j->o = o;
    j->cancel = (struct ssh_cancel){.cancel_fd = cancel_fd, .note = print_note};
    if (o->answers.n) {
        j->cancel.ask = answer;
        j->cancel.accepted = note_accepted;
        j->cancel.ask_ud = (void *)(uintptr_t)o;
    }
    j->wake_fd = eventfd(0, EFD_CLOEXEC);
    j->host = (struct host){
        .name = "node1",
        .ssh = {.transport = o->transport && !strcmp(o->transport, "openssh") ? TRANSPORT_OPENSSH
                                                                               : TRANSPORT_LIBSSH2,
                .config = o->config ? o->config : "",
                .alias = o->alias,
                .jump = o->jump.n > 1 ? o->jump.v : NULL,
                .jump_given = o->jump.n > 1,
                .user = o->user ? o->user : "root",
                .user_given = o->user,
                .port = (uint16_t)(o->port ? o->port : 22),
                .port_given = o->port,
                .identities_given = o->identities.n > 1,
                .known_hosts_given = o->known_hosts.n > 1,
                .identities = o->identities.v,
                .known_hosts = o->known_hosts.v,
                .host_key = o->host_key && !strcmp(o->host_key, "accept-new") ? HOST_KEY_ACCEPT_NEW
                                                                              : HOST_KEY_STRICT,
                .pinned_keys = o->pinned_keys.n > 1 ? o->pinned_keys.v : NULL,
                .agent = o->agent,
                .become = o->become ? BECOME_SUDO : BECOME_NONE,
                .password = o->password,
                .passphrase = o->passphrase,
                .become_password = o->become_password,
                .connect_timeout_ms = (unsigned)o->connect_timeout,
                .dead_after_ms = (unsigned)o->dead_after},
    };
    if (!ipaddr_parse(o->address, &j->host.address)) {
        fprintf(stderr, "bad address: %s\n", o->address);
        exit(64);
    }
}

static void print_list(const char *key, const char *const *list)
{
    printf("%s: ", key);
    for (const char *const *p = list; p && *p; p++)
        printf("%s%s", p == list ? "" : " ", *p);
    printf("\n");
}

/* What ssh_configure() has made of a host. */
static void print_settings(const struct ssh_settings *ssh)
{
    printf("user: %s\nport: %u\nhostname: %s\n", ssh->user, ssh->port,
           ssh->hostname ? ssh->hostname : "");
    print_list("identities", ssh->identities);
    print_list("known_hosts", ssh->known_hosts);
    print_list("jump", ssh->jump);
}

static int configure(const struct options *o, struct job *j, struct arena *a)
{
    struct err e = {0};
    fill_host(j, o);
    if (ssh_configure(&j->host, 1, a, &j->cancel, &e)) {
        print_error(&e);
        return 1;
    }
    if (o->settings)
        print_settings(&j->host.ssh);
    return 0;
}

static int run_jobs(const struct options *o, const struct host *host, FILE *out)
{
    size_t failures = 0;
    struct job *jobs = xcalloc(o->threads, sizeof *jobs);
    for (size_t i = 0; i < o->threads; i++) {
        fill_host(&jobs[i], o);
        jobs[i].host = *host;
        jobs[i].out = out;
        if (o->threads == 1)
            work(&jobs[i]);
        else if (pthread_create(&jobs[i].thread, NULL, work, &jobs[i]))
            abort();
    }
    for (size_t i = 0; i < o->threads; i++) {
        if (o->threads > 1)
            pthread_join(jobs[i].thread, NULL);
        failures += jobs[i].failures;
        close(jobs[i].wake_fd);
    }
    free(jobs);
    printf("failures: %zu\n", failures);
    return failures ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct options o = {.address = "127.0.0.1",
                        .threads = 1,
                        .connect_timeout = 10000,
                        .dead_after = 20000,
                        .timeout = 60000,
                        .repeat = 1};
    struct err e = {0};
    for (int i = 1; i < argc; i++) {
        size_t name = strspn(argv[i], "abcdefghijklmnopqrstuvwxyz_");
        if (name && argv[i][name] == '=')
            parse_option(&o, argv[i]);
        else
            o.command = argv[i];
    }
    *vec_push(&o.identities) = NULL;
    *vec_push(&o.known_hosts) = NULL;
    *vec_push(&o.pinned_keys) = NULL;
    *vec_push(&o.jump) = NULL;
    cancel_fd = eventfd(0, EFD_CLOEXEC);
    signal(SIGINT, on_interrupt);
    if (ssh_global_init(&e)) {
        print_error(&e);
        return 1;
    }
    FILE *out = o.out ? fopen(o.out, "we") : NULL;
    struct arena arena = {0};
    struct job configured;
    int rc = configure(&o, &configured, &arena);
    if (!rc && !o.settings)
        rc = run_jobs(&o, &configured.host, out);
    close(configured.wake_fd);
    arena_free(&arena);
    if (out)
        fclose(out);
    ssh_global_exit();
    vec_free(&o.identities);
    vec_free(&o.known_hosts);
    vec_free(&o.pinned_keys);
    vec_free(&o.jump);
    vec_free(&o.answers);
    close(cancel_fd);
    return rc;
}
