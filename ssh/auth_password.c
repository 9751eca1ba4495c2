/*
 * Log-in with a password, by either of the two methods that take one. keyboard-interactive may ask for
 * anything, and the host chooses the words: its plain question for a password is answered with the
 * password, everything else is the operator's to read and to answer.
 */
#include <string.h>

#include "base/mem.h"
#include "ssh/auth.h"

enum { PROMPT_MAX = 160, PROMPTS_MAX = 8 };

/* The password, which a method gets when the host wants it, and not before. */
struct secret {
    struct login *l;
    struct strbuf what;
    struct ssh_question q;
    char *answer; /* what the host is being shown */
    char *wrong;  /* and what it has refused before */
    struct err err; /* why there is none, or why it does not help */
};

static void secret_init(struct secret *x, struct login *l)
{
    *x = (struct secret){.l = l};
    sb_addf(&x->what, "password of %s", l->s->host->ssh.user);
    x->q = (struct ssh_question){
        .what = sb_str(&x->what),
        .host = l->s->host->name,
        .source = "Give it as \"password\" under \"ssh\" in the inventory, or in "
                  "CLUSTERCTL_SSH_PASSWORD"};
}

static void secret_end(struct secret *x)
{
    xfree(x->answer);
    xfree(x->wrong);
    sb_free(&x->what);
}

/* The one that was given, else one that is asked for. NULL: x->err says why there is none. */
static const char *secret_get(struct secret *x)
{
    struct login *l = x->l;
    const char *given = l->s->host->ssh.password;
    if (x->answer)
        return x->answer;
    if (given && x->wrong)
        err_set(&x->err, ERR_FAILED, "the host refuses the %s that was given", x->q.what);
    else if (given)
        x->answer = xstrdup(given);
    else
        x->answer = login_ask(l, &x->q, &x->err);
    return x->answer;
}

static void expired(struct secret *x, const char *host_says)
{
    const struct ssh *s = x->l->s;
    err_set(&x->err, ERR_FAILED, "the password has expired%s%s%s",
            host_says ? ": the host asks \"" : "", host_says ? host_says : "", host_says ? "\"" : "");
    err_hint(&x->err, "Log in once by hand, and set a new one: ssh -p %u %s@%s", s->host->ssh.port,
             s->host->ssh.user, s->address);
}

/*
 * After a failure: is the password to blame? Where a key is not on offer any more, or not yet, the host
 * may want several methods, one after the other.
 */
static bool is_refused(struct secret *x, int rc)
{
    struct login *l = x->l;
    if (x->err.code)
        return false;
    if (ssh_is_loss(l->s, rc)) {
        login_lost(l, rc, &x->err);
        return false;
    }
    if (!x->answer || l->offers & OFFER_KEY)
        return x->answer;
    int changed = login_offered(l, &x->err);
    l->partial = changed > 0;
    return changed == 0;
}

typedef int method_fn(struct login *l, struct secret *x); /* what libssh2 says; or x->err is set */

static enum attempt with_password(struct login *l, method_fn *method, struct err *e)
{
    __attribute__((cleanup(secret_end))) struct secret x = {0};

    if (l->judged || (!l->s->host->ssh.password && !ssh_can_ask(l->s)))
        return NEXT;
    secret_init(&x, l);
    for (;;) {
        int rc = method(l, &x);
        bool refused = rc && is_refused(&x, rc);
        if (x.answer && (!rc || l->partial))
            ssh_accepted(l->s, &x.q, x.answer);
        if (!rc)
            return LOGGED_IN;
        if (!refused)
            break;
        xfree(x.wrong);
        x.q.refused = x.wrong = x.answer;
        x.answer = NULL;
    }
    if (x.err.code == ERR_INTERRUPTED || x.err.code == ERR_UNREACHABLE) {
        *e = x.err;
        return GIVE_UP;
    }
    l->judged = x.err.code != ERR_NONE; /* what would not do here will not do for the other method */
    if (x.err.code) {
        login_record(l, "%s", x.err.msg);
        login_suggest(l, x.err.hint);
    }
    return NEXT;
}

static int plain_password(struct login *l, struct secret *x)
{
    const char *user = l->s->host->ssh.user, *password = secret_get(x);
    int rc;
    if (!password)
        return -1;
    while ((rc = libssh2_userauth_password_ex(l->s->session, user, (unsigned)strlen(user), password,
                                              (unsigned)strlen(password), NULL)) ==
           LIBSSH2_ERROR_EAGAIN)
        if (login_again(l, &x->err))
            return rc;
    if (rc == LIBSSH2_ERROR_PASSWORD_EXPIRED)
        expired(x, NULL);
    return rc;
}

enum attempt login_password(struct login *l, struct err *e)
{
    return with_password(l, plain_password, e);
}

/* struct ssh.talk */
struct conversation {
    struct login *l;
    struct secret *password;
    bool used; /* the password was sent: what else is asked is something else */
};

/* "Password: ", or OpenSSH's "(root@host) Password: ". */
static bool is_plain_question(const char *prompt)
{
    const char *p = strrchr(prompt, ')');
    p = prompt[0] == '(' && p ? p + 1 : prompt;
    p += strspn(p, " ");
    size_t n = strlen(p);
    while (n && strchr(" :", p[n - 1]))
        n--;
    return n == strlen("password") && !strncasecmp(p, "password", n);
}

/* As pam_unix and passwd(1) ask when a password is to be changed. */
static bool is_change(const char *prompt)
{
    static const char *const words[] = {"new password", "current password", "old password",
                                        "(current) unix password"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcasestr(prompt, words[i]))
            return true;
    return false;
}

static char *ask_operator(struct conversation *c, const char *prompt)
{
    const struct host *h = c->l->s->host;
    autosb struct strbuf what = {0};
    sb_addf(&what, "answer of %s", h->ssh.user);
    struct ssh_question q = {.what = sb_str(&what),
                             .host = h->name,
                             .source = "Only somebody at a terminal can answer it",
                             .said = prompt,
                             .once = true};
    char *answer = login_ask(c->l, &q, &c->password->err);
    if (!answer)
        err_wrap(&c->password->err, "the host asks \"%s\"", prompt);
    return answer;
}

/*
 * A password that was given is for the first question that is alone and not echoed, in whatever
 * language; one that is asked for is for the plain question alone: others are shown.
 */
static char *answer_to(struct conversation *c, const char *prompt, bool echo, bool alone)
{
    bool given = c->l->s->host->ssh.password;
    if (is_change(prompt)) {
        expired(c->password, prompt);
        return NULL;
    }
    if (c->used || echo || !(is_plain_question(prompt) || (given && alone)))
        return ask_operator(c, prompt);
    c->used = true;
    const char *password = secret_get(c->password);
    return password ? xstrdup(password) : NULL;
}

/* Answers that are missing are sent as empty ones, which no host takes. */
static void answer_all(const char *name, int name_len, const char *instruction, int instruction_len,
                       int n, const LIBSSH2_USERAUTH_KBDINT_PROMPT *prompts,
                       LIBSSH2_USERAUTH_KBDINT_RESPONSE *responses, void **abstract)
{
    struct conversation *c = ((struct ssh *)*abstract)->talk;
    char prompt[PROMPT_MAX];
    (void)name, (void)name_len, (void)instruction, (void)instruction_len;
    for (int i = 0; i < n && i < PROMPTS_MAX && !c->password->err.code; i++) {
        ssh_printable(prompt, sizeof prompt, prompts[i].text, prompts[i].length);
        char *answer = answer_to(c, prompt, prompts[i].echo, n == 1);
        if (!answer)
            return;
        responses[i].text = answer; /* libssh2 frees it */
        responses[i].length = (unsigned)strlen(answer);
    }
}

static int keyboard_interactive(struct login *l, struct secret *x)
{
    const char *user = l->s->host->ssh.user;
    struct conversation c = {.l = l, .password = x};
    int rc;
    l->s->talk = &c;
    while ((rc = libssh2_userauth_keyboard_interactive_ex(l->s->session, user,
                                                          (unsigned)strlen(user), answer_all)) ==
           LIBSSH2_ERROR_EAGAIN)
        if (login_again(l, &x->err))
            break;
    l->s->talk = NULL;
    return rc;
}

enum attempt login_keyboard_interactive(struct login *l, struct err *e)
{
    return with_password(l, keyboard_interactive, e);
}
