/*
 * A root shell, through sudo where the user is not root.
 *
 * The first one on a session is preceded by a command that finds out how: does sudo want a
 * password, and is it the one that we have? It alone may be refused, with nothing but the password
 * on its standard input, so that a wrong one is tried once, and never a script in its place.
 *
 * Where sudo wants none (NOPASSWD) it is never given one: what it left would be the shell's input,
 * which a host may keep (log_input in sudoers). Elsewhere the password is from then on the first
 * line of what the shell is to read, and sudo takes it, since -k has it forget any time stamp.
 * Should it leave it all the same, a loop reads up to a line that nobody can guess, then becomes
 * the shell.
 *
 * Nothing of this is in an argument list or an environment: sudo -S reads its standard input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ssh/internal.h"

enum { CHECK_MS = 60 * 1000, MARK_LEN = 32 };

#define SUDO "env LC_ALL=C sudo " /* its messages in English: see `complaints` */

enum verdict { GRANTED, WANTS_PASSWORD, WRONG_PASSWORD, DENIED };

#define NOT_A_SUDOER "does not let the user run anything"
#define ALLOW_IT "Allow it on the host, with visudo: %s ALL=(ALL) ALL"

/* What sudo says (check.c, sudo_auth.c, logging.c of sudo 1.8 and 1.9), and what it means. */
static const struct complaint {
    const char *words;
    enum verdict verdict;
    const char *why, *hint;
} complaints[] = {
    {"incorrect password attempt", WRONG_PASSWORD, "refuses the password", NULL},
    {"no password was provided", WRONG_PASSWORD, "refuses the password", NULL},
    {"Sorry, try again", WRONG_PASSWORD, "refuses the password", NULL},
    {"a password is required", WANTS_PASSWORD, "wants a password", NULL},
    {"a terminal is required", WANTS_PASSWORD, "wants a password", NULL},
    {"must have a tty", DENIED, "runs on a terminal only (requiretty)",
     "Add to sudoers on the host, with visudo: Defaults:%s !requiretty"},
    {"not in the sudoers file", DENIED, NOT_A_SUDOER, ALLOW_IT},
    {"may not run sudo", DENIED, NOT_A_SUDOER, ALLOW_IT},
    {"is not allowed to execute", DENIED, "does not let the user run a shell", ALLOW_IT},
    {"account validation failure", DENIED, "says that the account is locked or has expired",
     "See on the host: chage -l %s"},
    {"password has expired", DENIED, "says that the password has expired",
     "Set a new one on the host: passwd %s"},
    {"no new privileges", DENIED, "is not allowed to gain privileges there", NULL},
};

/*
 * With the password, which the user's shell reads: sudo is to list what the user may run, for which
 * it mostly wants the password. Where it did not, or where some of it is free, a shell is tried
 * without: not everywhere, as sudo complains of that in its log, or by mail. cat, and $x: somebody
 * has to read what is left.
 */
static const char with_password[] =
    "sh -c 'unset p; IFS= read -r p; say() { printf \"%s\\n\" \"$p\"; }; "
    "l=$(say | { " SUDO
    "-k -S -p \"\" -l; s=$?; IFS= read -r x && echo NOPASSWD; exit $s; }) || exit; "
    "case $l in *NOPASSWD*|*authenticate*) " SUDO
    "-k -n sh -c : </dev/null 2>/dev/null && exec echo free; "
    "say | { " SUDO "-k -S -p \"\" -v; s=$?; cat >/dev/null; exit $s; } ;; esac'";

static int take_line(void *ud, const char *line, size_t len, struct err *e)
{
    bool *is_free = ud;
    (void)len, (void)e;
    if (!strcmp(line, "free"))
        *is_free = true;
    return 0;
}

static const struct complaint *find_complaint(const char *said)
{
    for (size_t i = 0; i < ARRAY_LEN(complaints); i++)
        if (strstr(said, complaints[i].words))
            return &complaints[i];
    return NULL;
}

/* What a failure of the check means; anything but WANTS_PASSWORD and WRONG_PASSWORD is an error. */
static int judge(const struct ssh *s, const struct ssh_exec *x, int status, enum verdict *out,
                 struct err *e)
{
    const char *said = ssh_exec_stderr(x), *user = s->host->ssh.user;
    const struct complaint *c = find_complaint(said);
    char words[256];

    *out = c ? c->verdict : DENIED;
    exec_last_words(x, words, sizeof words);
    if (c) {
        err_set(e, ERR_FAILED, "%s: cannot become root as %s: sudo %s", s->peer, user, c->why);
        if (c->hint) {
            err_hint(e, c->hint, user);
        }
    } else if (status == 127) {
        err_set(e, ERR_FAILED, "%s: cannot become root as %s: there is no sudo", s->peer, user);
        err_hint(e, "Install sudo on the host, or log in as root.");
    } else {
        err_set(e, ERR_FAILED, "%s: cannot become root as %s: sudo ended with status %d: %s", s->peer,
                user, status, words[0] ? words : "nothing said");
        err_hint(e, "Try it on the host: sudo -v; sudo sh -c id");
    }
    return c && c->verdict != DENIED ? 0 : -1;
}

/*
 * One command that only finds out. 0: *out tells, and *e has the words for it. When it is GRANTED,
 * the password is kept where it is wanted.
 */
static int check(struct ssh *s, const char *password, enum verdict *out, struct err *e)
{
    bool is_free = !password;
    const struct ssh_sink sink = {.line = take_line, .ud = &is_free};
    int64_t deadline = deadline_in(CHECK_MS);
    int status = -1, rc = 0;
    struct ssh_exec *x =
        ssh_exec_start(s, password ? with_password : SUDO "-n sh -c :", &sink, e);
    if (!x)
        return -1;
    if (password) {
        autosb struct strbuf line = {0};
        sb_addf(&line, "%s\n", password);
        rc = ssh_exec_send(x, sb_str(&line), line.len, deadline, e);
    }
    if (!rc)
        rc = ssh_exec_finish(x, deadline, &status, e);
    *out = GRANTED;
    if (!rc && status)
        rc = judge(s, x, status, out, e);
    if (!rc && *out == GRANTED && !is_free)
        s->root_password = xstrdup(password);
    ssh_exec_free(x);
    return rc;
}

/* There is no password that sudo takes: `sudo` is its verdict, `why` is what became of asking. */
static int refused(const struct err *sudo, const struct err *why, struct err *e)
{
    if (why->code == ERR_INTERRUPTED) {
        *e = *why;
        return -1;
    }
    err_set(e, ERR_FAILED, "%.800s; %s", sudo->msg, why->msg);
    return err_hint(e, "%s", why->hint);
}

/* Ask until sudo is content. */
static int by_asking(struct ssh *s, struct err *sudo, struct err *e)
{
    autosb struct strbuf what = {0};
    autofree char *wrong = NULL;
    sb_addf(&what, "sudo password of %s", s->host->ssh.user);
    struct ssh_question q = {
        .what = sb_str(&what),
        .host = s->host->name,
        .source = "Allow it without one (NOPASSWD in sudoers), or give \"become_password\" under "
                  "\"ssh\" in the inventory, or CLUSTERCTL_SUDO_PASSWORD"};
    for (;;) {
        struct err why = {0};
        enum verdict v;
        q.refused = wrong;
        autofree char *answer = ssh_ask(s, &q, &why);
        if (!answer)
            return refused(sudo, &why, e);
        int rc = check(s, answer, &v, e);
        if (!rc && v == GRANTED) {
            ssh_accepted(s, &q, answer);
            return 0;
        }
        xfree(wrong);
        wrong = answer;
        answer = NULL;
        if (rc)
            return -1;
        *sudo = *e;
    }
}

static int wrong_given(const struct err *sudo, struct err *e)
{
    *e = *sudo;
    return err_hint(e, "It is \"become_password\" under \"ssh\" in the inventory, or "
                       "CLUSTERCTL_SUDO_PASSWORD.");
}

static int find_out(struct ssh *s, struct err *e)
{
    const char *given = s->host->ssh.become_password;
    struct err sudo = {0};
    enum verdict v;
    int rc = 0;
    if (s->root)
        return 0;
    if (check(s, given, &v, &sudo)) {
        *e = sudo;
        return -1;
    }
    if (v != GRANTED)
        rc = given ? wrong_given(&sudo, e) : by_asking(s, &sudo, e);
    s->root = !rc;
    return rc;
}

static int draw_mark(char mark[static MARK_LEN + 1], struct err *e)
{
    unsigned char random[MARK_LEN / 2];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return err_errno(e, "cannot draw a random number");
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(mark + 2 * i, 3, "%02x", random[i]);
    return 0;
}

/* One line, in words of any user's shell; sudo's sh reads up to the mark, then is the shell. */
static struct ssh_exec *shell_with_password(struct ssh *s, const struct ssh_sink *sink, struct err *e)
{
    enum { SEND_MS = 60 * 1000 };
    char mark[MARK_LEN + 1];
    autosb struct strbuf command = {0}, head = {0};
    if (draw_mark(mark, e))
        return NULL;
    sb_addf(
        &command,
        SUDO
        "-k -S -p '' sh -c 'while IFS= read -r l; do [ \"$l\" = %s ] && exec sh -s; done; exit 1'",
        mark);
    struct ssh_exec *x = ssh_exec_start(s, sb_str(&command), sink, e);
    if (!x)
        return NULL;
    sb_addf(&head, "%s\n%s\n", s->root_password, mark);
    int rc = ssh_exec_send(x, sb_str(&head), head.len, deadline_in(SEND_MS), e);
    if (!rc)
        return x;
    ssh_exec_free(x);
    return NULL;
}

struct ssh_exec *ssh_root_shell(struct ssh *s, const struct ssh_sink *sink, struct err *e)
{
    if (s->host->ssh.become != BECOME_SUDO)
        return ssh_exec_start(s, "sh -s", sink, e);
    if (find_out(s, e))
        return NULL;
    return s->root_password ? shell_with_password(s, sink, e)
                            : ssh_exec_start(s, SUDO "-n sh -s", sink, e);
}
