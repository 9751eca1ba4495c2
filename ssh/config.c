#include "ssh/config.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/strbuf.h"
#include "ssh/pattern.h"

enum { MAX_DEPTH = 16, MAX_IDENTITIES = 100 }; /* both are ssh's own */

struct reader {
    struct ssh_config *c;
    const char *name;
    bool guarded;
    config_note_fn *note;
    void *ud;
};

/* Where in a file we are. */
struct place {
    const char *file;
    unsigned line, depth;
    unsigned match; /* the line of the Match block that is being passed over, or 0 */
    bool told;      /* ...about which something was said */
    bool active;    /* what follows is about the host */
    bool never;     /* ...and nothing here can be: included from where it is not */
};

typedef VEC(char *) word_list;

static void free_words(word_list *words)
{
    for (size_t i = 0; i < words->n; i++)
        xfree(words->v[i]);
    vec_free(words);
}

__attribute__((format(printf, 3, 4))) static int bad(const struct place *at, struct err *e,
                                                     const char *fmt, ...)
{
    autosb struct strbuf text = {0};
    va_list ap;
    va_start(ap, fmt);
    sb_vaddf(&text, fmt, ap);
    va_end(ap);
    err_set(e, ERR_FAILED, "%s:%u: %s", at->file, at->line, sb_str(&text));
    return err_hint(e, "Correct it (ssh would stop there, too), or set \"config\": false under "
                       "\"ssh\" in the inventory.");
}

/* Words, with the quotes and the escapes that ssh has; a '#' at the beginning of one ends them. */
static int split(const char *s, const struct place *at, word_list *words, struct err *e)
{
    while (*(s += strspn(s, " \t")) && *s != '#') {
        struct strbuf word = {0};
        char quote = 0;
        for (; *s && (quote || (*s != ' ' && *s != '\t')); s++) {
            if (*s == '\\' && s[1] && (strchr("'\"\\", s[1]) || (!quote && s[1] == ' ')))
                sb_addc(&word, *++s);
            else if (!quote && (*s == '"' || *s == '\''))
                quote = *s;
            else if (quote && *s == quote)
                quote = 0;
            else
                sb_addc(&word, *s);
        }
        *vec_push(words) = word.s ? sb_detach(&word) : xstrdup("");
        if (quote)
            return bad(at, e, "a quote is not closed");
    }
    return 0;
}

static void take_host(const struct reader *r, struct place *at, const word_list *words)
{
    at->match = 0;
    at->active = false;
    for (size_t i = 0; i < words->n && !at->never; i++) {
        const char *p = words->v[i];
        bool negated = *p == '!';
        if (!pattern_matches(r->name, p + negated))
            continue;
        at->active = !negated;
        if (negated)
            break;
    }
}

static void take_match(struct place *at, const word_list *words)
{
    bool all = words->n == 1 && !strcasecmp(words->v[0], "all");
    at->active = all && !at->never;
    at->match = all || at->never ? 0 : at->line;
    at->told = false;
}

static int read_file(const struct reader *r, struct place *at, struct err *e);

static int include(const struct reader *r, const struct place *at, const char *word, struct err *e)
{
    autosb struct strbuf path = {0};
    glob_t found;
    int rc = 0;
    if (at->depth >= MAX_DEPTH)
        return bad(at, e, "too many levels of Include");
    sb_addf(&path, "%s%s", *word == '/' || *word == '~' ? "" : "~/.ssh/", word);
    if (glob(sb_str(&path), GLOB_TILDE, NULL, &found))
        return 0;
    for (size_t i = 0; i < found.gl_pathc && !rc; i++) {
        struct place inner = {.file = found.gl_pathv[i],
                              .depth = at->depth + 1,
                              .active = at->active,
                              .never = !at->active};
        rc = read_file(r, &inner, e);
    }
    globfree(&found);
    return rc;
}

static void add_path(struct ssh_config *c, const char *word, bool identity)
{
    for (size_t i = 0; identity && i < c->identities.n; i++)
        if (!strcmp(c->identities.v[i], word))
            return;
    const char *path = arena_strdup(c->arena, word);
    if (identity)
        *vec_push(&c->identities) = path;
    else
        *vec_push(&c->known_hosts) = path;
}

enum keyword {
    K_HOST, K_MATCH, K_INCLUDE, K_HOSTNAME, K_USER, K_PORT, K_IDENTITY, K_KNOWN_HOSTS, K_JUMP,
    K_PROXY_COMMAND, K_REVOKED, K_NOT_UNDERSTOOD, K_OTHER,
};

static const struct {
    const char *word;
    enum keyword k;
} keywords[] = {
    {"host", K_HOST},
    {"match", K_MATCH},
    {"include", K_INCLUDE},
    {"hostname", K_HOSTNAME},
    {"user", K_USER},
    {"port", K_PORT},
    {"identityfile", K_IDENTITY},
    {"userknownhostsfile", K_KNOWN_HOSTS},
    {"proxyjump", K_JUMP},
    {"proxycommand", K_PROXY_COMMAND},
    {"revokedhostkeys", K_REVOKED},
    /* What decides whether, and as whom, a connection comes about. */
    {"certificatefile", K_NOT_UNDERSTOOD},
    {"hostkeyalias", K_NOT_UNDERSTOOD},
    {"identityagent", K_NOT_UNDERSTOOD},
    {"pkcs11provider", K_NOT_UNDERSTOOD},
    {"securitykeyprovider", K_NOT_UNDERSTOOD},
    {"canonicalizehostname", K_NOT_UNDERSTOOD},
    {"globalknownhostsfile", K_NOT_UNDERSTOOD},
};

/* Passed over, and said once: the note is the same whichever host is asked about. */
static void pass_over(const struct reader *r, unsigned line, const struct place *at,
                      const char *what)
{
    autosb struct strbuf text = {0};
    if (!r->note)
        return;
    sb_addf(&text,
            "%s:%u: \"%s\" is passed over; with \"transport\": \"openssh\" in the inventory the "
            "system's ssh reads it",
            at->file, line, what);
    r->note(r->ud, sb_str(&text));
}

static int take_port(struct ssh_config *c, const struct place *at, const char *word, struct err *e)
{
    uint64_t port;
    if (!parse_u64(word, 1, 65535, &port))
        return bad(at, e, "Port is no number from 1 to 65535");
    if (at->active && !c->port)
        c->port = (unsigned)port;
    return 0;
}

/* A keyword about hosts with its words, of which there is at least one. */
static int take_words(const struct reader *r, struct place *at, enum keyword k, const char *line,
                      const word_list *words, struct err *e)
{
    struct ssh_config *c = r->c;
    const char *first = words->v[0];
    bool one = k == K_HOSTNAME || k == K_USER || k == K_PORT || k == K_IDENTITY || k == K_REVOKED;
    if (one && words->n > 1)
        return bad(at, e, "there is too much on this line");
    if (k == K_PORT)
        return take_port(c, at, first, e);
    if (!at->active)
        return 0;
    if (k == K_IDENTITY) {
        if (c->identities.n < MAX_IDENTITIES)
            add_path(c, first, true);
    } else if (k == K_KNOWN_HOSTS) {
        for (size_t i = 0, n = c->known_hosts.n; !n && i < words->n; i++)
            add_path(c, words->v[i], false);
    } else if (k == K_HOSTNAME && !c->hostname) {
        c->hostname = arena_strdup(c->arena, first);
    } else if (k == K_USER && !c->user) {
        c->user = arena_strdup(c->arena, first);
    } else if (k == K_REVOKED && !c->revoked_keys) {
        c->revoked_keys = arena_strdup(c->arena, first);
    } else if (k == K_JUMP && !c->jump && !c->proxy_command) {
        c->jump = arena_strdup(c->arena, line);
    } else if (k == K_PROXY_COMMAND && !c->proxy_command && !(c->jump && strcmp(c->jump, "none"))) {
        c->proxy_command = arena_strdup(c->arena, line);
        if (strcmp(line, "none") != 0)
            pass_over(r, at->line, at, "ProxyCommand");
    }
    return 0;
}

static int take_line(const struct reader *r, struct place *at, char *line, struct err *e)
{
    __attribute__((cleanup(free_words))) word_list words = {0};
    enum keyword k = K_OTHER;
    size_t n = strlen(line);
    while (n && strchr(" \t\r\n\f", line[n - 1]))
        line[--n] = '\0';
    line += strspn(line, " \t\r");
    size_t len = strcspn(line, " \t\r=");
    if (!len || *line == '#')
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
        if (strlen(keywords[i].word) == len && !strncasecmp(line, keywords[i].word, len))
            k = keywords[i].k;
    if (k == K_OTHER)
        return 0;
    char *value = line + len;
    value += strspn(value, " \t\r");
    if (*value == '=')
        value += 1 + strspn(value + 1, " \t\r");
    line[len] = '\0';
    if (at->match && k != K_HOST && k != K_MATCH) {
        if (!at->told)
            pass_over(r, at->match, at, "Match");
        at->told = true;
        return 0;
    }
    if (k == K_NOT_UNDERSTOOD) {
        if (at->active)
            pass_over(r, at->line, at, line);
        return 0;
    }
    bool raw = k == K_JUMP || k == K_PROXY_COMMAND;
    if (raw && *value)
        *vec_push(&words) = xstrdup(value);
    else if (!raw && split(value, at, &words, e))
        return -1;
    if (!words.n || !words.v[0][0])
        return bad(at, e, "nothing follows \"%s\"", line);
    if (k == K_HOST)
        take_host(r, at, &words);
    else if (k == K_MATCH)
        take_match(at, &words);
    else if (k != K_INCLUDE)
        return take_words(r, at, k, value, &words, e);
    for (size_t i = 0; k == K_INCLUDE && i < words.n; i++)
        if (include(r, at, words.v[i], e))
            return -1;
    return 0;
}

static void close_file(FILE **f)
{
    if (*f)
        fclose(*f);
}

static int read_file(const struct reader *r, struct place *at, struct err *e)
{
    __attribute__((cleanup(close_file))) FILE *f = fopen(at->file, "re");
    autofree char *line = NULL;
    size_t size = 0;
    struct stat st;
    if (!f && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (!f || fstat(fileno(f), &st))
        return err_errno(e, "cannot read %s", at->file);
    if (r->guarded && ((st.st_uid && st.st_uid != getuid()) || st.st_mode & 022)) {
        err_set(e, ERR_FAILED, "%s: others than you can write to it, so that nothing it says counts",
                at->file);
        return err_hint(e, "chmod go-w %s (after a look at what is in it)", at->file);
    }
    while (getline(&line, &size, f) >= 0) {
        at->line++;
        if (take_line(r, at, line, e))
            return -1;
    }
    return feof(f) ? 0 : err_errno(e, "cannot read %s", at->file);
}

/* %h and %%: all that HostName may hold. */
static const char *expand_hostname(struct ssh_config *c, const char *name, struct err *e)
{
    const struct config_ends ends = {.hostname = name};
    const char *s = config_path(c->arena, c->hostname, &ends, e);
    if (!s)
        return NULL;
    char *lower = arena_strdup(c->arena, s);
    for (char *p = lower; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return lower;
}

int config_read(struct ssh_config *c, struct arena *a, const char *path, const char *name,
                bool guarded, config_note_fn *note, void *ud, struct err *e)
{
    const struct reader r = {c, name, guarded, note, ud};
    struct place at = {.file = path, .active = true};
    *c = (struct ssh_config){.arena = a};
    if (read_file(&r, &at, e))
        return -1;
    if (c->hostname && !(c->hostname = expand_hostname(c, name, e)))
        return err_wrap(e, "%s: HostName", path);
    return 0;
}

void config_free(struct ssh_config *c)
{
    vec_free(&c->identities);
    vec_free(&c->known_hosts);
}

static int expand_token(struct strbuf *out, char token, const struct config_ends *ends)
{
    char host[256];
    const char *s = NULL;
    switch (token) {
    case '%': s = "%"; break;
    case 'd': s = ends->home; break;
    case 'h': s = ends->hostname; break;
    case 'n': s = ends->name; break;
    case 'r': s = ends->user; break;
    case 'u': s = ends->local_user; break;
    case 'l':
    case 'L':
        if (ends->home && !gethostname(host, sizeof host)) {
            host[sizeof host - 1] = '\0';
            if (token == 'L')
                host[strcspn(host, ".")] = '\0';
            s = host;
        }
        break;
    case 'i':
        if (ends->home)
            sb_addf(out, "%u", (unsigned)getuid());
        return ends->home ? 0 : -1;
    case 'p':
        if (ends->port)
            sb_addf(out, "%u", ends->port);
        return ends->port ? 0 : -1;
    default: break;
    }
    if (!s)
        return -1;
    sb_add(out, s);
    return 0;
}

/* "${NAME}" at s: its value, and where it ends. */
static const char *environment(const char *s, const char **end)
{
    char name[64];
    size_t n = strcspn(s + 2, "}");
    if (s[1] != '{' || !s[2 + n] || n >= sizeof name)
        return NULL;
    memcpy(name, s + 2, n);
    name[n] = '\0';
    *end = s + 2 + n;
    return getenv(name);
}

const char *config_path(struct arena *a, const char *path, const struct config_ends *ends,
                        struct err *e)
{
    autosb struct strbuf out = {0};
    const char *p = path;
    if (ends->home && p[0] == '~' && (!p[1] || p[1] == '/')) {
        sb_add(&out, ends->home);
        p++;
    }
    for (; *p; p++) {
        const char *end = p, *value = *p == '$' && ends->home ? environment(p, &end) : NULL;
        if (value) {
            sb_add(&out, value);
            p = end;
        } else if (*p != '%') {
            sb_addc(&out, *p);
        } else if (!p[1] || expand_token(&out, *++p, ends)) {
            err_set(e, ERR_FAILED, "\"%s\": %%%c is not understood here", path, *p ? *p : ' ');
            err_hint(e, "Write the value itself, or use \"transport\": \"openssh\".");
            return NULL;
        }
    }
    return arena_strdup(a, sb_str(&out));
}
