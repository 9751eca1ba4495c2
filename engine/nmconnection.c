#include "engine/nmconnection.h"

#include <string.h>

#include "base/mem.h"

/* A part of a line. */
struct part {
    const char *s;
    size_t n;
};

/*
 * A line without its newline, as GKeyFile takes it: a section's name, which may be empty (what stands
 * behind it is in no other section then), or a key and a value.
 */
struct line {
    struct part all, section, key, value;
};

static struct part trimmed(const char *s, const char *end)
{
    while (s < end && strchr(" \t\r", *s))
        s++;
    while (end > s && strchr(" \t\r", end[-1]))
        end--;
    return (struct part){s, (size_t)(end - s)};
}

static bool is(struct part p, const char *what)
{
    return p.n == strlen(what) && !strncmp(p.s, what, p.n);
}

static bool same(struct part a, struct part b)
{
    return a.n == b.n && !strncmp(a.s, b.s, a.n);
}

static bool next_line(const char **text, struct line *l)
{
    const char *s = *text;
    if (!*s)
        return false;
    size_t n = strcspn(s, "\n");
    *text = s + n + (s[n] == '\n');
    *l = (struct line){.all = {s, n}};
    struct part p = trimmed(s, s + n);
    const char *equals = p.n ? memchr(p.s, '=', p.n) : NULL;
    if (!p.n || *p.s == '#')
        return true;
    if (*p.s == '[' && p.s[p.n - 1] == ']') {
        l->section = (struct part){p.s + 1, p.n - 2};
    } else if (equals) {
        l->key = trimmed(p.s, equals);
        l->value = trimmed(equals + 1, p.s + p.n);
    }
    return true;
}

/* address, address1, addresses, addresses1 */
static bool is_address_key(struct part key)
{
    size_t n = key.n;
    while (n && key.s[n - 1] >= '0' && key.s[n - 1] <= '9')
        n--;
    key.n = n;
    return is(key, "address") || is(key, "addresses");
}

/* A default route: "routeN=0.0.0.0/0,GATEWAY" */
static bool is_default_route(const struct line *l)
{
    return l->key.n > 5 && !strncmp(l->key.s, "route", 5) && l->value.n > 9 &&
           !strncmp(l->value.s, "0.0.0.0/0", 9);
}

/* What a profile is, rather than what it says. */
static bool is_identity(struct part key)
{
    return is(key, "id") || is(key, "uuid") || is(key, "type");
}

/* Sections of ours that are put into theirs. */
static bool is_merged(struct part section)
{
    return is(section, "connection") || is(section, "ipv4");
}

/* Does `ours` say the same key in the same section? */
static bool has(const char *ours, struct part section, struct part key)
{
    struct part at = {"", 0};
    for (struct line l; next_line(&ours, &l);) {
        if (l.section.s)
            at = l.section;
        else if (l.key.n && same(at, section) && same(l.key, key))
            return true;
    }
    return false;
}

/* Is the line of theirs replaced by, or at odds with, what ours says? */
static bool is_replaced(const char *ours, struct part section, const struct line *l)
{
    if (!l->key.n || !is_merged(section) || is_identity(l->key))
        return false;
    if (is(section, "ipv4") && (is_address_key(l->key) || is(l->key, "gateway") ||
                                is(l->key, "never-default") || is_default_route(l)))
        return true;
    return has(ours, section, l->key);
}

/* "10.2.2.2/24", "10.2.2.2/24,10.2.2.1" and, of old, "10.2.2.2;24;10.2.2.1;": the first two. */
static bool address_of(struct part value, struct ipaddr *a, struct part *prefix)
{
    char buf[IPADDR_STRLEN];
    size_t n = 0;
    while (n < value.n && !strchr("/;, ", value.s[n]))
        n++;
    if (n >= sizeof buf || n + 1 >= value.n)
        return false;
    memcpy(buf, value.s, n);
    buf[n] = '\0';
    prefix->s = value.s + n + 1;
    prefix->n = 0;
    while (n + 1 + prefix->n < value.n && prefix->s[prefix->n] >= '0' && prefix->s[prefix->n] <= '9')
        prefix->n++;
    return ipaddr_parse(buf, a) && a->family == AF_INET && prefix->n > 0 && prefix->n <= 2;
}

/* Those addresses of theirs that are not ours, without gateways, behind it. */
static void add_others(struct strbuf *out, const char *text, const struct ipaddr *own)
{
    struct part at = {"", 0}, prefix;
    struct ipaddr a;
    char buf[IPADDR_STRLEN];
    unsigned n = 2;
    for (struct line l; next_line(&text, &l);) {
        if (l.section.s)
            at = l.section;
        else if (l.key.n && is(at, "ipv4") && is_address_key(l.key) &&
                 address_of(l.value, &a, &prefix) && !ipaddr_eq(&a, own))
            sb_addf(out, "address%u=%s/%.*s\n", n++, ipaddr_str(&a, buf), (int)prefix.n, prefix.s);
    }
}

/* What ours says in this section. */
static void add_ours(struct strbuf *out, const char *ours, struct part section, const char *text,
                     const struct ipaddr *own)
{
    struct part at = {"", 0};
    for (struct line l; next_line(&ours, &l);) {
        if (l.section.s)
            at = l.section;
        else if (l.key.n && same(at, section) && !is_identity(l.key))
            sb_addf(out, "%.*s\n", (int)l.all.n, l.all.s);
    }
    if (is(section, "ipv4"))
        add_others(out, text, own);
}

void nmconnection_edit(struct strbuf *out, const char *text, const char *ours,
                       const struct ipaddr *own)
{
    static const char *const merged[] = {"connection", "ipv4"};
    bool done[ARRAY_LEN(merged)] = {false};
    struct part at = {"", 0};
    const char *rest = text;
    for (struct line l; next_line(&rest, &l);) {
        if (l.section.s)
            at = l.section;
        if (is_replaced(ours, at, &l))
            continue;
        sb_addn(out, l.all.s, l.all.n);
        sb_addc(out, '\n');
        for (size_t i = 0; i < ARRAY_LEN(merged); i++)
            if (l.section.s && is(at, merged[i]) && !done[i]) {
                add_ours(out, ours, at, text, own);
                done[i] = true;
            }
    }
    for (size_t i = 0; i < ARRAY_LEN(merged); i++) {
        if (done[i])
            continue;
        sb_addf(out, "%s[%s]\n", out->len ? "\n" : "", merged[i]);
        add_ours(out, ours, (struct part){merged[i], strlen(merged[i])}, text, own);
    }
}

static bool ends(struct part p, const char *with)
{
    size_t n = strlen(with);
    return p.n >= n && !strncmp(p.s + p.n - n, with, n);
}

/* nm-settings-keyfile(5), SECRETS; by name in every section, flags excepted. */
static bool is_secret(struct part key)
{
    static const char *const words[] = {"psk",    "password", "password-raw", "pin",
                                        "secret", "-key",     "wep-key0",     "wep-key1",
                                        "wep-key2", "wep-key3", "mka-cak"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (ends(key, words[i]))
            return true;
    return false;
}

void nmconnection_mask(struct strbuf *out, const char *text)
{
    struct part at = {"", 0};
    for (struct line whole, l; next_line(&text, &whole);) {
        /* A remark may have been a setting. */
        const char *said = whole.all.s + strspn(whole.all.s, "# \t");
        l = whole;
        next_line(&said, &l);
        if (whole.section.s)
            at = whole.section;
        /* The secrets of a VPN have what names its plugin likes. */
        if (l.key.n && (is_secret(l.key) || is(at, "vpn-secrets")))
            sb_addf(out, "%.*s=********\n", (int)(l.key.s + l.key.n - whole.all.s), whole.all.s);
        else
            sb_addf(out, "%.*s\n", (int)whole.all.n, whole.all.s);
    }
}
