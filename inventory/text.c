#include "inventory/text.h"

#include <string.h>
#include <strings.h>

#include "base/ipaddr.h"
#include "base/quote.h"

static bool all_digits_and_dots(const char *s)
{
    return s[strspn(s, "0123456789.")] == '\0';
}

/* RFC 1123, 2.1: labels of 1 to 63, no hyphen at their ends; and what would shadow something. */
static bool bad_hostname(const char *s)
{
    if (strcasecmp(s, "localhost") == 0 || all_digits_and_dots(s))
        return true;
    for (const char *label = s;; label++) {
        size_t n = strcspn(label, ".");
        if (n == 0 || n > 63 || label[0] == '-' || label[n - 1] == '-')
            return true;
        label += n;
        if (!*label)
            return false;
    }
}

static bool bad_directory(const char *s)
{
    if (s[strlen(s) - 1] == '/')
        return true;
    for (const char *part = s + 1;; part++) {
        size_t n = strcspn(part, "/");
        if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
            return true;
        part += n;
        if (!*part)
            return false;
    }
}

static bool bad_options(const char *s)
{
    return s[0] == ',' || s[strlen(s) - 1] == ',' || strstr(s, ",,");
}

static bool not_a_home(const char *s)
{
    return s[0] == '~' && s[1] && s[1] != '/';
}

/* Whether c is in a set written as between the brackets of a regular expression. */
static bool in_set(const char *set, char c)
{
    for (; *set; set++) {
        if (set[1] == '-' && set[2]) {
            if (c >= set[0] && c <= set[2])
                return true;
            set += 2;
        } else if (c == *set) {
            return true;
        }
    }
    return false;
}

/* How many bytes at the start are in the set. */
static size_t span(const char *s, const char *set)
{
    size_t n = 0;
    while (s[n] && in_set(set, s[n]))
        n++;
    return n;
}

#define BASE64 "A-Za-z0-9+/"
#define DIGITS "0-9"

static bool is_host_key(const char *s)
{
    static const char hash[] = "SHA256:", body[] = " AAAA";
    if (!strncmp(s, hash, strlen(hash))) {
        s += strlen(hash);
        return span(s, BASE64) == 43 && !s[43]; /* 32 bytes, without the '=' */
    }
    size_t n = !strncmp(s, "ssh-", 4) ? 4 : !strncmp(s, "ecdsa-", 6) ? 6 : 0;
    size_t type = n ? span(s + n, "a-z0-9-") : 0;
    s += n + type;
    if (!type || strncmp(s, body, strlen(body)) != 0)
        return false;
    s += strlen(body);
    n = span(s, BASE64);
    s += n;
    return n && strspn(s, "=") <= 2 && !s[strspn(s, "=")];
}

/* USER@, of which an '@' may be a part; HOST or [ADDRESS]; :PORT */
static bool is_jump(const char *s)
{
    const char *at = strrchr(s, '@');
    if (at) {
        if (!span(s, "A-Za-z0-9_") || s + span(s, "A-Za-z0-9._@-") <= at)
            return false;
        s = at + 1;
    }
    if (*s == '[') {
        size_t n = span(s + 1, "0-9A-Fa-f:.");
        if (!n || s[1 + n] != ']')
            return false;
        s += n + 2;
    } else {
        if (!span(s, "A-Za-z0-9"))
            return false;
        s += span(s, "A-Za-z0-9._-");
    }
    if (*s == ':') {
        size_t n = span(s + 1, DIGITS);
        if (n < 1 || n > 5)
            return false;
        s += 1 + n;
    }
    return !*s;
}

const struct text_rule any_text_rule = {
    .max = 4096,
    .what = "printable text",
};
const struct text_rule name_rule = {
    .first = "A-Za-z0-9",
    .rest = "A-Za-z0-9._-",
    .max = 63,
    .what = "letters, digits, '.', '_' and '-', and must start with a letter or a digit",
};
const struct text_rule hostname_rule = {
    .rest = "A-Za-z0-9.-",
    .max = 64,
    .too_long = "Linux allows 64 for a host name",
    .what = "letters, digits, '-', and '.' between labels",
    .refuse = "^[0-9.]+$|^-|-$|^[.]|[.]$|[.][.-]|-[.]|[A-Za-z0-9-]{64}"
              "|^[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]$",
    .refused = bad_hostname,
    .why_refused = "must be a host name (RFC 1123): labels of letters, digits and inner hyphens, "
                   "at most 63 each, not an address and not localhost",
};
/* Linux allows more; but ip(8) and others would take "-x" for an option. */
const struct text_rule interface_rule = {
    .first = "A-Za-z0-9_",
    .rest = "A-Za-z0-9._-",
    .max = 15,
    .too_long = "Linux allows 15 for an interface",
    .what = "letters, digits, '.', '_' and '-', and must start with a letter, a digit or '_'",
};
/* keepalived reads '#' and '!' as comments, quotes and braces as syntax, '$' and '~' as macros. */
const struct text_rule auth_pass_rule = {
    .rest = "A-Za-z0-9%&*+,./:;<=>?@_|-",
    .max = 8,
    .too_long = "keepalived cuts it to 8",
    .what = "letters, digits and %&*+,./:;<=>?@_|- (keepalived reads others as syntax)",
};
const struct text_rule secret_rule = {
    .max = 1024,
    .what = "printable text",
};
const struct text_rule check_path_rule = {
    .first = "/",
    .rest = "A-Za-z0-9._%&=?+,:@/-",
    .max = 1024,
    .what = "letters, digits and ._%&=?+,:@/- (keepalived reads others as syntax), "
            "and must start with '/'",
};
const struct text_rule check_host_rule = {
    .first = "A-Za-z0-9",
    .rest = "A-Za-z0-9.:_-",
    .max = 255,
    .what = "letters, digits, '.', '-', '_', and ':' before a port",
};
const struct text_rule directory_rule = {
    .first = "/",
    .rest = "A-Za-z0-9._/-",
    .max = 1024,
    .what = "letters, digits and ._/-, and must start with '/'",
    .refuse = "^/$|/$|//|/[.][.]?(/|$)",
    .refused = bad_directory,
    .why_refused = "must be a directory below /, without '.', '..', '//' or a '/' at its end",
};
const struct text_rule options_rule = {
    .rest = "A-Za-z0-9_=:.,/+@%-",
    .max = 1024,
    .what = "letters, digits and _=:.,/+@%-: options separated by commas, without blanks",
    .refuse = "^,|,$|,,",
    .refused = bad_options,
    .why_refused = "must be options separated by single commas",
};
const struct text_rule account_rule = {
    .first = "A-Za-z0-9_",
    .rest = "A-Za-z0-9._-",
    .max = 32,
    .too_long = "Linux allows 32 for a user or a group",
    .what = "letters, digits, '.', '_' and '-', and must start with a letter, a digit or '_'",
};
const struct text_rule login_rule = {
    .first = "A-Za-z0-9_",
    .rest = "A-Za-z0-9.@_-",
    .max = 64,
    .what = "letters, digits, '.', '@', '_' and '-', and must start with a letter, a digit or '_'",
};
const struct text_rule host_key_rule = {
    .max = 8192,
    /* 43: SHA-256 in base64 without its '='; AAAA: the length of the type's name comes first. */
    .form = "^(SHA256:[A-Za-z0-9+/]{43}|(ssh|ecdsa)-[a-z0-9-]+ AAAA[A-Za-z0-9+/]+={0,2})$",
    .has_form = is_host_key,
    .what = "must be a host key as in \"ssh-ed25519 AAAA...\", without a comment, or its "
            "fingerprint as in \"SHA256:...\"",
};
const struct text_rule jump_rule = {
    .max = 320,
    .form = "^([A-Za-z0-9_][A-Za-z0-9._@-]*@)?([A-Za-z0-9][A-Za-z0-9._-]*|\\[[0-9A-Fa-f:.]+\\])"
            "(:[0-9]{1,5})?$",
    .has_form = is_jump,
    .what = "must be a jump host as in \"[USER@]HOST[:PORT]\"",
};
const struct text_rule file_name_rule = {
    .first = "A-Za-z0-9_",
    .rest = "A-Za-z0-9._-",
    .max = 255,
    .too_long = "Linux allows 255 for a file name",
    .what = "letters, digits, '.', '_' and '-', and must start with a letter, a digit or '_': "
            "a file name without a directory",
};
const struct text_rule page_rule = {
    .max = 4096,
    .what = "printable text without control characters",
};
const struct text_rule local_path_rule = {
    .max = 4095,
    .too_long = "Linux allows 4095 for a path",
    .what = "printable text without control characters",
    .refuse = "^~[^/]",
    .refused = not_a_home,
    .why_refused = "starts with another user's home, which is not supported; use ~/ or a full path",
};

static bool printable(const char *s, size_t n)
{
    autosb struct strbuf sb = {0};
    quote_terminal(&sb, s, n, false);
    return sb.len == n && memcmp(sb_str(&sb), s, n) == 0;
}

/* What stands at s, for a message: the character, or its code where it can't be shown. */
static const char *show_character(const char *s, struct arena *a)
{
    size_t n = 1;
    while (((unsigned char)s[n] & 0xc0) == 0x80)
        n++;
    if (*s == ' ')
        return "a blank";
    if (printable(s, n))
        return arena_printf(a, "'%.*s'", (int)n, s);
    if (n == 1)
        return arena_printf(a, "the control character 0x%02x", (unsigned char)*s);
    return "an invisible character";
}

/* The first character that the rule does not allow, or NULL. */
static const char *wrong_character(const struct text_rule *r, const char *s)
{
    size_t n = 1;
    for (const char *p = s; *p; p += n) {
        if (r->rest) {
            if (!in_set(p == s && r->first ? r->first : r->rest, *p))
                return p;
            continue;
        }
        for (n = 1; ((unsigned char)p[n] & 0xc0) == 0x80;)
            n++;
        if (!printable(p, n))
            return p;
    }
    return NULL;
}

const char *text_refused(const struct text_rule *r, const char *s, struct arena *a)
{
    size_t n = strlen(s);
    if (n == 0)
        return "must not be empty";
    if (n > r->max) {
        const char *why = r->too_long ? arena_printf(a, " (%s)", r->too_long) : "";
        return arena_printf(a, "is %zu bytes long; at most %u are allowed%s", n, r->max, why);
    }
    if (r->has_form)
        return r->has_form(s) ? NULL : r->what;
    const char *wrong = wrong_character(r, s);
    if (wrong)
        return arena_printf(a, "may hold only %s; found %s%s", r->what, show_character(wrong, a),
                            wrong == s ? " at the start" : "");
    return r->refused && r->refused(s) ? r->why_refused : NULL;
}

void text_pattern(const struct text_rule *r, struct strbuf *out)
{
    if (r->form)
        sb_add(out, r->form);
    else if (!r->rest)
        sb_add(out, "^[^\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200b\\u200e\\u200f\\u2028-\\u202e"
                    "\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\ufffe\\uffff]*$"); /* quote_terminal() */
    else if (r->first)
        sb_addf(out, "^[%s][%s]*$", r->first, r->rest);
    else
        sb_addf(out, "^[%s]+$", r->rest);
}
