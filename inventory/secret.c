#include "inventory/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "inventory/text.h"
#include "inventory/values.h"

enum { SECRET_LINE_MAX = 4096, COMMAND_MS = 60 * 1000 };

#define complain(d, w, ...) diagnostics_add((d)->diags, where_pointer(w), __VA_ARGS__)

/* The first line of what a descriptor gives, up to the deadline: its length, or -1 with errno. */
static ssize_t first_line(int fd, char *buf, size_t size, int64_t deadline)
{
    size_t have = 0;
    while (have < size - 1 && !memchr(buf, '\n', have)) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, deadline_left(deadline));
        ssize_t n = ready > 0 ? read(fd, buf + have, size - 1 - have) : ready;
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (ready == 0)
            errno = ETIMEDOUT;
        if (n < 0 || ready == 0)
            return -1;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    buf[have] = '\0';
    buf[strcspn(buf, "\n")] = '\0';
    return (ssize_t)strlen(buf);
}

static int from_env(struct decoder *d, const struct field *f, const char *name, char *buf,
                    const struct where *w)
{
    const char *value = getenv(name);
    if (!value)
        complain(d, w, "%s: the environment variable %s is not set", f->name, decode_show(d, name));
    else if (strlen(value) >= SECRET_LINE_MAX)
        complain(d, w, "%s: the environment variable %s is too long", f->name, decode_show(d, name));
    else
        strcpy(buf, value);
    return value && strlen(value) < SECRET_LINE_MAX ? 0 : -1;
}

static int from_file(struct decoder *d, const struct field *f, const char *path, char *buf,
                     const struct where *w)
{
    const char *full = decode_absolute(d, path);
    struct stat st;
    /* A FIFO is waited for by poll(), for which it has not ended before there was a writer. */
    autoclose int fd = open(full, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) ||
        (!S_ISDIR(st.st_mode) && first_line(fd, buf, SECRET_LINE_MAX, deadline_in(COMMAND_MS)) < 0)) {
        complain(d, w, "%s: cannot read the file %s: %s", f->name, decode_show(d, full),
                 strerror(errno));
        return -1;
    }
    if (S_ISDIR(st.st_mode)) {
        complain(d, w, "%s: %s is a directory", f->name, decode_show(d, full));
        return -1;
    }
    if (!S_ISREG(st.st_mode) || !(st.st_mode & 077))
        return 0;
    complain(d, w, "%s: the mode %04o of the file %s lets others read it", f->name,
             st.st_mode & 07777u, decode_show(d, full));
    diagnostics_hint(d->diags, "chmod 600 it, and take another secret if others could have read it");
    return -1;
}

/* Its standard error is the operator's, as is its directory; it has nothing to read, no secret. */
static pid_t start(struct decoder *d, const char *command, int *out)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC))
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        setpgid(0, 0);
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(fds[1], STDOUT_FILENO) < 0)
            _exit(127);
        signal(SIGPIPE, SIG_DFL);
        secrets_leave_environment(d->json);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    *out = fds[0];
    return pid;
}

/* Whatever else it prints is dropped. At the deadline it is killed, and what it has started. */
static int await_end(pid_t pid, int out, int64_t deadline)
{
    enum { STEP_MS = 10 };
    char dropped[4096];
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        struct pollfd p = {.fd = out, .events = POLLIN};
        if (deadline_left(deadline) == 0)
            kill(-pid, SIGKILL);
        ssize_t n = poll(&p, 1, STEP_MS) > 0 ? read(out, dropped, sizeof dropped) : -1;
        if (n == 0)
            poll(NULL, 0, STEP_MS);
    }
    explicit_bzero(dropped, sizeof dropped);
    return status;
}

static int from_command(struct decoder *d, const struct field *f, const char *command, char *buf,
                        const struct where *w)
{
    int status, fd = -1;
    pid_t pid = start(d, command, &fd);
    autoclose int out = fd;
    if (pid < 0) {
        complain(d, w, "%s: cannot start the command: %s", f->name, strerror(errno));
        return -1;
    }
    int64_t deadline = deadline_in(COMMAND_MS);
    ssize_t n = first_line(out, buf, SECRET_LINE_MAX, deadline);
    int why = errno;
    status = await_end(pid, out, n < 0 ? 0 : deadline);
    if (n < 0)
        complain(d, w, "%s: the command %s has given nothing: %s", f->name, decode_show(d, command),
                 strerror(why));
    else if (!WIFEXITED(status) || WEXITSTATUS(status))
        complain(d, w, "%s: the command %s has ended with %s %d", f->name, decode_show(d, command),
                 WIFEXITED(status) ? "status" : "signal",
                 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    else
        return 0;
    return -1;
}

static const struct kind {
    const char *name;
    int (*get)(struct decoder *d, const struct field *f, const char *what, char *buf,
               const struct where *w);
} kinds[] = {{"env", from_env}, {"file", from_file}, {"command", from_command}};

static const struct kind *choose(struct decoder *d, const struct field *f, const json_t *v,
                                 const struct where *w)
{
    const char *key = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)v));
    for (size_t i = 0; json_object_size(v) == 1 && i < ARRAY_LEN(kinds); i++)
        if (!strcmp(key, kinds[i].name) && json_is_string(json_object_get(v, key)))
            return &kinds[i];
    complain(d, w, "%s must be a string, or an object with one of \"env\", \"file\" and \"command\", "
                   "which is a string", f->name);
    return NULL;
}

static struct secret_source *find(struct secret_source *list, const char *field, const char *source)
{
    for (; list; list = list->next)
        if (!strcmp(list->field, field) && !strcmp(list->source, source))
            return list;
    return NULL;
}

/*
 * A host that keeps an inventory could have written it: no file of ours is read for it, and no
 * command run; only what our own inventory takes from the same place for the same field is at hand.
 */
static const char *of_ours(struct decoder *d, const struct field *f, const char *source,
                           const struct where *w)
{
    const struct secret_source *known = find(d->known, f->name, source);
    if (known)
        return known->value;
    complain(d, w, "%s comes from a source that your own inventory does not name for it", f->name);
    return NULL;
}

static const char *resolve(struct decoder *d, const struct field *f, const json_t *v,
                           const struct where *w)
{
    char buf[SECRET_LINE_MAX];
    const struct kind *k = choose(d, f, v, w);
    if (!k)
        return NULL;
    autofree char *dump = json_dumps(v, JSON_COMPACT);
    if (!dump)
        abort();
    if (d->foreign)
        return of_ours(d, f, dump, w);
    struct secret_source *s = find(d->cluster->secrets, f->name, dump);
    if (s)
        return s->value;
    s = arena_new(d->arena, struct secret_source);
    *s = (struct secret_source){f->name, arena_strdup(d->arena, dump), NULL, d->cluster->secrets};
    d->cluster->secrets = s;
    if (!k->get(d, f, json_string_value(json_object_get(v, k->name)), buf, w) &&
        decode_allowed(d, f, f->text, buf, w))
        s->value = arena_strdup(d->arena, buf);
    explicit_bzero(buf, sizeof buf);
    return s->value;
}

int decode_secret(struct decoder *d, const struct field *f, const json_t *v, void *out,
                  const struct where *w)
{
    const char *s = json_string_value(v);
    if (d->foreign && f->text == &secret_rule)
        return 0; /* of log-in: those of our own inventory count */
    if (s)
        s = decode_allowed(d, f, f->text, s, w) ? arena_strdup(d->arena, s) : NULL;
    else if (json_is_object(v))
        s = resolve(d, f, v, w);
    else
        complain(d, w, "%s must be a string or an object, not %s", f->name, decode_type_of(v));
    if (!s)
        return -1;
    memcpy((char *)out + f->offset, &s, sizeof s);
    return 0;
}
