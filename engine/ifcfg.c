#include "engine/ifcfg.h"

#include <string.h>

/* A line without its newline; name: of the variable that it sets, length 0 when it sets none. */
struct line {
    const char *s, *name, *value;
    size_t n, name_n, value_n;
};

static bool is_name_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool next_line(const char **text, struct line *l)
{
    const char *s = *text, *p = s;
    if (!*s)
        return false;
    *l = (struct line){.s = s, .n = strcspn(s, "\n")};
    *text = s + l->n + (s[l->n] == '\n');
    while (*p == ' ' || *p == '\t')
        p++;
    l->name = p;
    while (is_name_char(*p))
        p++;
    if (*p != '=')
        return true;
    l->name_n = (size_t)(p - l->name);
    l->value = ++p;
    l->value_n = (size_t)(s + l->n - p);
    if (l->value_n && (*p == '"' || *p == '\'')) {
        l->value++;
        l->value_n--;
    }
    while (l->value_n && strchr("\"' \t\r", l->value[l->value_n - 1]))
        l->value_n--;
    return true;
}

static bool is(const struct line *l, const char *name)
{
    return l->name_n == strlen(name) && !strncmp(l->name, name, l->name_n);
}

/* IPADDR1, DNS2: the name with a number behind it. */
static bool is_numbered(const struct line *l, const char *name)
{
    size_t n = strlen(name);
    if (l->name_n <= n || strncmp(l->name, name, n) != 0)
        return false;
    for (size_t i = n; i < l->name_n; i++)
        if (l->name[i] < '0' || l->name[i] > '9')
            return false;
    return true;
}

static bool sets(const char *text, const struct line *what)
{
    for (struct line l; next_line(&text, &l);)
        if (l.name_n && l.name_n == what->name_n && !strncmp(l.name, what->name, l.name_n))
            return true;
    return false;
}

/* What an interface is, rather than what it is given. */
static bool is_identity(const struct line *l)
{
    return is(l, "TYPE") || is(l, "NAME") || is(l, "UUID");
}

/* Is the line of theirs replaced by, or at odds with, what ours says? */
static bool is_replaced(const char *ours, const struct line *l)
{
    /* The first address has no number or 0; the mask may be written in several ways. */
    static const char *const first[] = {"IPADDR",  "IPADDR0",  "PREFIX",   "PREFIX0", "NETMASK",
                                        "NETMASK0", "GATEWAY", "GATEWAY0", "NETWORK", "BROADCAST",
                                        "DEFROUTE"};
    if (!l->name_n || is_identity(l))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(first); i++)
        if (is(l, first[i]))
            return true;
    return sets(ours, l) || (is_numbered(l, "DNS") && strstr(ours, "\nDNS1="));
}

void ifcfg_edit(struct strbuf *out, const char *text, const char *ours)
{
    const char *rest = text, *own = ours;
    struct line l;
    while (next_line(&rest, &l)) {
        if (is_replaced(ours, &l))
            continue;
        sb_addn(out, l.s, l.n);
        sb_addc(out, '\n');
    }
    /* A shell reads the file: what stands last counts. */
    while (next_line(&own, &l))
        if (l.name_n && !(is_identity(&l) && sets(text, &l))) {
            sb_addn(out, l.s, l.n);
            sb_addc(out, '\n');
        }
}

const char *ifcfg_again(struct arena *a, const char *text, const struct ipaddr *own)
{
    for (struct line l; next_line(&text, &l);) {
        char buf[IPADDR_STRLEN];
        struct ipaddr given;
        if (!is_numbered(&l, "IPADDR") || is(&l, "IPADDR0") || l.value_n >= sizeof buf)
            continue;
        memcpy(buf, l.value, l.value_n);
        buf[l.value_n] = '\0';
        if (ipaddr_parse(buf, &given) && ipaddr_eq(&given, own))
            return arena_strndup(a, l.s, l.n);
    }
    return NULL;
}

void ifcfg_mask(struct strbuf *out, const char *text)
{
    static const char *const words[] = {"PASSWORD", "PASSWORD_RAW", "PASSPHRASE",
                                        "PSK",      "SECRET",       "PIN"};
    for (struct line whole, l; next_line(&text, &whole);) {
        /* A remark may have been a setting. */
        const char *said = whole.s + strspn(whole.s, "# \t");
        l = whole;
        next_line(&said, &l);
        bool secret = l.name_n > 2 && !strncmp(l.name, "KEY", 3) && !is(&l, "KEY_MGMT");
        for (size_t i = 0; i < ARRAY_LEN(words); i++) {
            size_t n = strlen(words[i]);
            secret |= l.name_n >= n && !strncmp(l.name + l.name_n - n, words[i], n);
        }
        if (secret)
            sb_addf(out, "%.*s=********\n", (int)(l.name + l.name_n - whole.s), whole.s);
        else
            sb_addf(out, "%.*s\n", (int)whole.n, whole.s);
    }
}
