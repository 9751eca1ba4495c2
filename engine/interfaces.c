#include "engine/interfaces.h"

#include <string.h>

#define COMMENT "#clusterctl# "

/* The length of a line with its newline, and of those that backslashes join to it. */
static size_t joined_length(const char *s)
{
    const char *p = s;
    for (;;) {
        size_t n = strcspn(p, "\n");
        bool joined = n && p[n - 1] == '\\';
        p += n + (p[n] == '\n');
        if (!joined || !*p)
            return (size_t)(p - s);
    }
}

/* ifupdown never joins to a comment. */
static size_t line_length(const char *s)
{
    size_t n = strcspn(s, "\n");
    return s[strspn(s, " \t")] == '#' ? n + (s[n] == '\n') : joined_length(s);
}

/* The next word of a line, or length 0. */
static const char *word(const char **line, const char *end, size_t *n)
{
    const char *p = *line;
    while (p < end && strchr(" \t\n\\", *p))
        p++;
    const char *start = p;
    while (p < end && !strchr(" \t\n", *p) && !(*p == '\\' && p + 1 < end && p[1] == '\n'))
        p++;
    *n = (size_t)(p - start);
    *line = p;
    return start;
}

static bool is(const char *w, size_t n, const char *what)
{
    return n == strlen(what) && !strncmp(w, what, n);
}

/* Whether the line ends the stanza before it (interfaces(5), FILE FORMAT). */
static bool is_keyword(const char *w, size_t n)
{
    static const char *const keywords[] = {"iface",  "mapping",      "auto",       "source",
                                           "rename", "source-directory", "template",
                                           "no-auto-down", "no-scripts"};
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (is(w, n, keywords[i]))
            return true;
    return n > 6 && !strncmp(w, "allow-", 6);
}

static bool is_empty(const char *w, size_t n)
{
    return n == 0 || *w == '#';
}

/* "iface IFNAME inet METHOD": *is_static says which. */
static bool begins_ours(const char *line, const char *end, const char *ifname, bool *is_static)
{
    size_t n;
    const char *w = word(&line, end, &n);
    if (!is(w, n, "iface"))
        return false;
    w = word(&line, end, &n);
    if (!is(w, n, ifname))
        return false;
    w = word(&line, end, &n);
    if (!is(w, n, "inet"))
        return false;
    w = word(&line, end, &n);
    *is_static = is(w, n, "static");
    return true;
}

static bool is_address(const char *w, size_t n, const struct ipaddr *own)
{
    char buf[IPADDR_STRLEN];
    struct ipaddr a;
    const char *slash = memchr(w, '/', n);
    if (slash)
        n = (size_t)(slash - w);
    if (n >= sizeof buf)
        return false;
    memcpy(buf, w, n);
    buf[n] = '\0';
    return ipaddr_parse(buf, &a) && ipaddr_eq(&a, own);
}

/*
 * The end of the stanza whose first line is `s`. *adds: it gives the interface one more address and
 * nothing that ours gives.
 */
static const char *stanza_end(const char *s, bool is_static, const struct ipaddr *own, bool *adds)
{
    bool address = false;
    *adds = is_static;
    for (s += line_length(s); *s;) {
        const char *line = s, *end = s + line_length(s);
        size_t n;
        const char *w = word(&line, end, &n);
        if (!is_empty(w, n)) {
            if (is_keyword(w, n))
                break;
            if (is(w, n, "gateway"))
                *adds = false;
            if (is(w, n, "address")) {
                w = word(&line, end, &n);
                address = true;
                if (is_address(w, n, own))
                    *adds = false;
            }
        }
        s = end;
    }
    *adds &= address;
    return s;
}

static void comment_out(struct strbuf *out, const char *s, const char *end)
{
    while (s < end) {
        size_t n = strcspn(s, "\n");
        n += s[n] == '\n';
        const char *first = s + strspn(s, " \t");
        if (*first != '#' && *first != '\n' && *first)
            sb_add(out, COMMENT);
        sb_addn(out, s, n);
        s += n;
    }
}

void interfaces_edit(struct strbuf *out, const char *text, const char *ifname,
                     const struct ipaddr *own)
{
    while (*text) {
        const char *end = text + line_length(text);
        bool is_static, adds = true;
        if (begins_ours(text, end, ifname, &is_static))
            end = stanza_end(text, is_static, own, &adds);
        if (adds)
            sb_addn(out, text, (size_t)(end - text));
        else
            comment_out(out, text, end);
        text = end;
    }
}

/* Relative names are relative to /etc/network (the folder of the file that names them). */
static bool below_d(const char *w, size_t n, size_t *skip)
{
    static const char *const names[] = {INTERFACES_D, "interfaces.d"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t k = strlen(names[i]);
        if (n >= k && !strncmp(w, names[i], k) && (n == k || w[k] == '/')) {
            *skip = k;
            return true;
        }
    }
    return false;
}

void interfaces_sources(const char *text, struct arena *a, struct interfaces_found *f)
{
    for (; *text; text += line_length(text)) {
        const char *line = text, *end = text + line_length(text);
        size_t n, k;
        const char *w = word(&line, end, &n);
        bool directory = is(w, n, "source-directory");
        if (!directory && !is(w, n, "source"))
            continue;
        while (w = word(&line, end, &n), n) {
            if (!below_d(w, n, &k))
                f->foreign = arena_strndup(a, w, n);
            else if (directory ? n - k <= 1 : is(w + k, n - k, "/*"))
                f->sources_d = true;
        }
    }
}

/* "wpa-psk", "wireless-key1", "wep_key0"; neither "wpa-key-mgmt" nor its value "WPA-PSK". */
static bool is_secret(const char *name, size_t n)
{
    static const char *const ends[] = {"psk",    "passphrase", "password", "passwd",
                                       "secret", "pin",        "key",      "-enc"};
    while (n && name[n - 1] >= '0' && name[n - 1] <= '9')
        n--;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t k = strlen(ends[i]);
        if (n >= k && !strncmp(name + n - k, ends[i], k))
            return true;
    }
    return false;
}

/* Up to the end of the first name of a secret, be it an option's or part of a command; 0: none. */
static size_t before_secret(const char *line, size_t n)
{
    static const char of_names[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    for (size_t i = 0; i < n;) {
        size_t k = strspn(line + i, of_names);
        if (is_secret(line + i, k))
            return i + k;
        i += k ? k : 1;
    }
    return 0;
}

/* What a comment is joined to may be a secret's second half, commented out with it. */
void interfaces_mask(struct strbuf *out, const char *text)
{
    while (*text) {
        size_t n = joined_length(text), shown = before_secret(text, n);
        sb_addn(out, text, shown ? shown : n);
        if (shown)
            sb_add(out, " ********\n");
        text += n;
    }
}
