#include "ssh/known_hosts.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "ssh/pattern.h"
#include "ssh/wire.h"

enum { SHA1_LEN = 20, PATTERN_MAX = 1023, MARKER_MAX = 31 };
enum marker { MARKER_NONE, MARKER_REVOKED, MARKER_CA, MARKER_BAD };

/* A line that names the host, taken apart. Pointers live as long as the callback runs. */
struct entry {
    const char *file;
    unsigned line;
    enum marker marker;
    const char *type;
    const unsigned char *key;
    size_t key_len;
};

typedef void entry_fn(void *ud, const struct entry *entry);

/* A comma list of patterns: one has to match, and none that begins with '!' may. */
static bool list_matches(const char *host, const char *list)
{
    bool found = false;
    while (*list) {
        char pattern[PATTERN_MAX + 1];
        bool negated = *list == '!';
        list += negated;
        size_t n = strcspn(list, ",");
        if (n > PATTERN_MAX)
            return false;
        for (size_t i = 0; i < n; i++)
            pattern[i] = (char)tolower((unsigned char)list[i]);
        pattern[n] = '\0';
        list += n + (list[n] == ',');
        if (!pattern_matches(host, pattern))
            continue;
        if (negated)
            return false;
        found = true;
    }
    return found;
}

/* "|1|base64 salt|base64 HMAC-SHA1(salt, host)" */
static bool hash_matches(const char *host, const char *field)
{
    unsigned char salt[3 * 16], want[3 * 16], mac[EVP_MAX_MD_SIZE];
    unsigned mac_len = 0;
    if (strncmp(field, "|1|", 3))
        return false;
    const char *s = field + 3, *h = strchr(s, '|');
    if (!h || (size_t)(h - s) > 4 * 16 || strlen(h + 1) > 4 * 16)
        return false;
    if (base64_decode(s, (size_t)(h - s), salt) != SHA1_LEN ||
        base64_decode(h + 1, strlen(h + 1), want) != SHA1_LEN)
        return false;
    return HMAC(EVP_sha1(), salt, SHA1_LEN, (const unsigned char *)host, strlen(host), mac,
                &mac_len) &&
           mac_len == SHA1_LEN && !memcmp(mac, want, SHA1_LEN);
}

static char *skip_blanks(char *p)
{
    return p + strspn(p, " \t");
}

/* Cut the word at *p off and step behind it and its blanks; false when nothing follows it. */
static bool cut_word(char **p, char **word)
{
    size_t n = strcspn(*p, " \t");
    *word = *p;
    if (!n || !(*p)[n])
        return false;
    (*p)[n] = '\0';
    *p = skip_blanks(*p + n + 1);
    return true;
}

static enum marker take_marker(char **p)
{
    char *word;
    if (**p != '@')
        return MARKER_NONE;
    if (!cut_word(p, &word) || strlen(word) > MARKER_MAX || **p == '@')
        return MARKER_BAD; /* a second marker is an error too */
    if (!strcmp(word, "@revoked"))
        return MARKER_REVOKED;
    return strcmp(word, "@cert-authority") ? MARKER_BAD : MARKER_CA;
}

/*
 * The key field, up to the next blank, as bytes. ssh skips other white space in it, which is how it
 * gets along with files that have CR LF line ends.
 */
static long take_key(char *p, unsigned char *out)
{
    size_t n = 0, field = strcspn(p, " \t");
    for (size_t i = 0; i < field; i++)
        if (!isspace((unsigned char)p[i]))
            p[n++] = p[i];
    return n ? base64_decode(p, n, out) : -1;
}

/* "TYPE BASE64" */
static void read_key(char *p, struct entry *entry, entry_fn *fn, void *ud)
{
    char *type, inner[40];
    if (!cut_word(&p, &type))
        return;
    autofree unsigned char *key = xmalloc(strlen(p) + 3);
    long len = take_key(p, key);
    struct wire w = {.p = key, .n = len > 0 ? (size_t)len : 0};
    if (!wire_name(&w, inner, sizeof inner) || strcmp(inner, type))
        return;
    entry->type = type;
    entry->key = key;
    entry->key_len = (size_t)len;
    fn(ud, entry);
}

/* One line, which is taken to pieces; what is malformed is skipped, as ssh does. */
static void read_line(char *p, const char *host, struct entry *entry, entry_fn *fn, void *ud)
{
    char *names;
    p = skip_blanks(p);
    if (!*p || *p == '#')
        return;
    entry->marker = take_marker(&p);
    if (entry->marker == MARKER_BAD || !cut_word(&p, &names))
        return;
    if (*names == '|' ? hash_matches(host, names) : list_matches(host, names))
        read_key(p, entry, fn, ud);
}

static void close_file(FILE **f)
{
    if (*f)
        fclose(*f);
}

static int each_entry(const char *const *files, const char *host, entry_fn *fn, void *ud,
                      struct err *e)
{
    for (; files && *files; files++) {
        __attribute__((cleanup(close_file))) FILE *f = fopen(*files, "re");
        autofree char *line = NULL;
        size_t size = 0;
        ssize_t n;
        if (!f && (errno == ENOENT || errno == ENOTDIR))
            continue;
        if (!f)
            return err_errno(e, "cannot read %s", *files);
        struct entry entry = {.file = *files};
        while ((n = getline(&line, &size, f)) >= 0) {
            entry.line++;
            if (n && line[n - 1] == '\n')
                line[n - 1] = '\0';
            read_line(line, host, &entry, fn, ud);
        }
        if (!feof(f)) /* a line that was not read may revoke a key */
            return err_errno(e, "cannot read %s", *files);
    }
    return 0;
}

void known_hosts_name(char *out, size_t size, const char *host, unsigned port)
{
    snprintf(out, size, port == 22 ? "%s" : "[%s]:%u", host, port);
    for (char *p = out; *p; p++)
        *p = (char)tolower((unsigned char)*p);
}

void known_hosts_fingerprint(const unsigned char *key, size_t key_len, char out[static 64])
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    autosb struct strbuf sb = {0};
    EVP_Digest(key, key_len, md, &len, EVP_sha256(), NULL);
    base64_encode(&sb, md, len, 0);
    snprintf(out, 64, "SHA256:%.*s", (int)strcspn(sb_str(&sb), "="), sb_str(&sb));
}

struct search {
    const char *type;
    const unsigned char *key;
    size_t key_len;
    bool matched, changed, revoked, named;
    struct known_hosts_where match_at, changed_at, revoked_at, named_at;
};

static void note(struct known_hosts_where *where, const struct entry *entry)
{
    snprintf(where->file, sizeof where->file, "%s", entry->file);
    snprintf(where->type, sizeof where->type, "%s", entry->type);
    where->line = entry->line;
    known_hosts_fingerprint(entry->key, entry->key_len, where->fingerprint);
}

/* The first line of each kind is the one to name. */
static void note_first(bool *seen, struct known_hosts_where *where, const struct entry *entry)
{
    if (!*seen)
        note(where, entry);
    *seen = true;
}

static void compare(void *ud, const struct entry *entry)
{
    struct search *q = ud;
    bool same = entry->key_len == q->key_len && !memcmp(entry->key, q->key, q->key_len);
    if (entry->marker == MARKER_CA)
        return; /* says something about certificates only */
    if (entry->marker == MARKER_REVOKED) {
        if (same)
            note_first(&q->revoked, &q->revoked_at, entry);
    } else if (same) {
        note_first(&q->matched, &q->match_at, entry);
    } else if (!strcmp(entry->type, q->type)) {
        note_first(&q->changed, &q->changed_at, entry);
    } else {
        note_first(&q->named, &q->named_at, entry);
    }
}

static enum known_hosts_verdict judge(const struct search *q, struct known_hosts_where *where)
{
    *where = q->revoked   ? q->revoked_at
             : q->matched ? q->match_at
             : q->changed ? q->changed_at
                          : q->named_at;
    return q->revoked   ? KNOWN_HOSTS_REVOKED
           : q->matched ? KNOWN_HOSTS_MATCH
           : q->changed ? KNOWN_HOSTS_CHANGED
                        : KNOWN_HOSTS_UNKNOWN;
}

int known_hosts_check(const char *const *files, const char *host, unsigned port,
                      const char *key_type, const unsigned char *key, size_t key_len,
                      enum known_hosts_verdict *verdict, struct known_hosts_where *where,
                      struct err *e)
{
    char name[300];
    struct search q = {.type = key_type, .key = key, .key_len = key_len};

    known_hosts_name(name, sizeof name, host, port);
    if (each_entry(files, name, compare, &q, e))
        return -1;
    *verdict = judge(&q, where);
    if (*verdict != KNOWN_HOSTS_UNKNOWN || q.named || port == 22)
        return 0;

    /*
     * As ssh does: a host that is on no line under its port may be known by its plain name. Only a
     * match or a revocation counts there, since other ports may well have other keys.
     */
    struct search plain = {.type = key_type, .key = key, .key_len = key_len};
    struct known_hosts_where at;
    known_hosts_name(name, sizeof name, host, 22);
    if (each_entry(files, name, compare, &plain, e))
        return -1;
    enum known_hosts_verdict v = judge(&plain, &at);
    if (v == KNOWN_HOSTS_MATCH || v == KNOWN_HOSTS_REVOKED) {
        *verdict = v;
        *where = at;
    }
    return 0;
}

int known_hosts_list_check(const char *file, const unsigned char *key, size_t key_len,
                           enum known_hosts_verdict *verdict, struct known_hosts_where *where,
                           struct err *e)
{
    __attribute__((cleanup(close_file))) FILE *f = fopen(file, "re");
    autofree char *line = NULL;
    struct search q = {.type = "", .key = key, .key_len = key_len};
    struct entry entry = {.file = file};
    size_t size = 0;
    if (!f)
        return err_errno(e, "cannot read %s", file);
    while (getline(&line, &size, f) >= 0) {
        if (!entry.line++ && !strcmp(line, "SSHKRL\n")) {
            err_set(e, ERR_FAILED, "%s is a KRL, which only the system's ssh can read", file);
            return err_hint(e, "\"transport\": \"openssh\" under \"ssh\" in the inventory, or list "
                               "the keys themselves, one a line.");
        }
        line[strcspn(line, "\n")] = '\0';
        read_key(skip_blanks(line), &entry, compare, &q);
    }
    if (!feof(f))
        return err_errno(e, "cannot read %s", file);
    *where = q.match_at;
    *verdict = q.matched ? KNOWN_HOSTS_MATCH : KNOWN_HOSTS_UNKNOWN;
    return 0;
}

struct type_list {
    char (*v)[40];
    size_t n, max;
};

static void add_type(void *ud, const struct entry *entry)
{
    struct type_list *list = ud;
    if (entry->marker != MARKER_NONE || list->n == list->max)
        return;
    for (size_t i = 0; i < list->n; i++)
        if (!strcmp(list->v[i], entry->type))
            return;
    snprintf(list->v[list->n++], sizeof *list->v, "%s", entry->type);
}

size_t known_hosts_types(const char *const *files, const char *host, unsigned port,
                         char types[][40], size_t max)
{
    char name[300];
    struct type_list list = {.v = types, .max = max};
    struct err ignored; /* known_hosts_check() will report it */

    known_hosts_name(name, sizeof name, host, port);
    each_entry(files, name, add_type, &list, &ignored);
    if (!list.n && port != 22) {
        known_hosts_name(name, sizeof name, host, 22);
        each_entry(files, name, add_type, &list, &ignored);
    }
    return list.n;
}
