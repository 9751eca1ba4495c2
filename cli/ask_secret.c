#include "cli/ask_secret.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "cli/lending.h"
#include "cli/signals.h"
#include "cli/tty_secret.h"

enum { TRIES = 3, SECRET_MAX = 1024 };

/* An answer to one question; of one host's, where it is known to be right there. */
struct answer {
    char *what, *host; /* NULL: the last one that was typed */
    char *secret;      /* NULL: none */
    const char *over;  /* why nobody is asked again, or NULL */
    unsigned refused;  /* how many typed ones were, since one was right */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* held for as long as a question stands */
static VEC(struct answer) answers;

static bool same(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static struct answer *find(const char *what, const char *host)
{
    for (size_t i = 0; i < answers.n; i++)
        if (same(answers.v[i].what, what) && same(answers.v[i].host, host))
            return &answers.v[i];
    return NULL;
}

static struct answer *add(const char *what, const char *host)
{
    struct answer *a = vec_push(&answers);
    a->what = xstrdup(what);
    a->host = host ? xstrdup(host) : NULL;
    return a;
}

static void set(struct answer *a, const char *secret)
{
    char *copy = secret ? xstrdup(secret) : NULL;
    xfree(a->secret);
    a->secret = copy;
}

static void compose(struct strbuf *prompt, const struct ssh_question *q, bool again)
{
    sb_addf(prompt, "clusterctl: %s%s", again ? "that is not right. " : "", q->what);
    if (q->host)
        sb_addf(prompt, " on %s", q->host);
    if (q->said)
        sb_addf(prompt, ", which asks \"%s\"", q->said);
    sb_add(prompt, ": ");
}

static int type(const struct ssh_question *q, bool again, char **out, struct err *e)
{
    char buf[SECRET_MAX];
    autosb struct strbuf prompt = {0};
    compose(&prompt, q, again);
    lending_borrow();
    int rc = tty_secret(sb_str(&prompt), buf, sizeof buf, e);
    lending_return();
    if (rc < 0)
        return e->code == ERR_INTERRUPTED ? -1 : err_hint(e, "%s", q->source);
    *out = buf[0] ? xstrdup(buf) : NULL;
    explicit_bzero(buf, sizeof buf);
    return 0;
}

static char *none(const struct ssh_question *q, const char *why, struct err *e)
{
    err_set(e, ERR_FAILED, "%s", why);
    err_hint(e, "%s", q->source);
    return NULL;
}

/* An empty line: the operator has none. */
static const char declined[] = "no answer was given", hopeless[] = "what was typed is refused";

/* One that is known and that the host has not refused, or NULL. */
static const char *known(const struct ssh_question *q)
{
    const struct answer *here = find(q->what, q->host), *last = find(q->what, NULL);
    if (!q->refused && here && here->secret)
        return here->secret;
    return last && last->secret && !last->over && !same(last->secret, q->refused) ? last->secret : NULL;
}

static char *ask(const struct ssh_question *q, struct err *e)
{
    char *out = NULL;
    struct answer *last = find(q->what, NULL);
    const char *secret = q->once ? NULL : known(q);
    if (signals_seen()) {
        err_set(e, ERR_INTERRUPTED, "interrupted");
        return NULL;
    }
    if (secret)
        return xstrdup(secret);
    if (!last)
        last = add(q->what, NULL);
    if (last->over)
        return none(q, last->over, e);
    if (q->refused && ++last->refused >= TRIES)
        return none(q, last->over = hopeless, e);
    if (type(q, q->refused, &out, e) < 0)
        return NULL;
    if (!q->once)
        set(last, out);
    return out ? out : none(q, q->once ? declined : (last->over = declined), e);
}

char *secret_ask(void *ud, const struct ssh_question *q, struct err *e)
{
    (void)ud;
    pthread_mutex_lock(&lock);
    char *out = ask(q, e);
    pthread_mutex_unlock(&lock);
    return out;
}

void secret_accepted(void *ud, const struct ssh_question *q, const char *answer)
{
    (void)ud;
    pthread_mutex_lock(&lock);
    struct answer *last = find(q->what, NULL), *here = find(q->what, q->host);
    if (last)
        last->refused = 0;
    set(here ? here : add(q->what, q->host), answer);
    pthread_mutex_unlock(&lock);
}

void secret_forget_all(void)
{
    for (size_t i = 0; i < answers.n; i++) {
        xfree(answers.v[i].what);
        xfree(answers.v[i].host);
        xfree(answers.v[i].secret);
    }
    vec_free(&answers);
}
