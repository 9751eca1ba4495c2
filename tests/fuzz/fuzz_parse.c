/* The strict parsers of base/, against the C library's lax ones. */
#include <errno.h>
#include <math.h>

#include "base/ipaddr.h"
#include "base/parse.h"
#include "fuzz.h"

static bool only(const char *s, const char *letters)
{
    return *s && !s[strspn(s, letters)];
}

static void number(const char *s)
{
    uint64_t n = 0;
    errno = 0;
    bool good = only(s, "0123456789");
    unsigned long long theirs = good ? strtoull(s, NULL, 10) : 0;
    good = good && errno == 0;
    HOLDS(parse_u64(s, 0, UINT64_MAX, &n) == good);
    HOLDS(!good || n == theirs);
    if (parse_u64(s, 10, 1000, &n))
        HOLDS(n >= 10 && n <= 1000 && n == theirs);
}

static void mode(const char *s)
{
    unsigned m;
    if (parse_mode(s, &m))
        HOLDS(m <= 07777 && m == strtoul(s, NULL, 8) && only(s, "01234567"));
}

static void span(const char *s)
{
    int64_t us;
    char *unit;
    if (!parse_time_us(s, 1, INT64_C(86400) * 1000000, &us))
        return;
    long double n = strtold(s, &unit);
    n *= !strcmp(unit, "ms")  ? 1e3L
         : !strcmp(unit, "m") ? 60e6L
         : !strcmp(unit, "h") ? 3600e6L
                              : 1e6L;
    HOLDS(us >= 1 && us <= INT64_C(86400) * 1000000);
    HOLDS(fabsl(n - (long double)us) <= 1);
}

/* The words, put together again, are the text without its blanks. */
static void words(const char *s)
{
    autofree char *copy = xstrdup(s);
    char *rest = copy;
    for (char *w; (w = parse_word(&rest));) {
        s += strspn(s, " \t");
        size_t n = strlen(w);
        HOLDS(n && !strpbrk(w, " \t") && !strncmp(s, w, n) && (!s[n] || strchr(" \t", s[n])));
        s += n;
    }
    HOLDS(!s[strspn(s, " \t")]);
}

static void base64(const char *s, const uint8_t *data, size_t size)
{
    size_t n = strlen(s);
    autosb struct strbuf text = {0}, folded = {0};
    autofree unsigned char *out = xmalloc(n / 4 * 3 + 1);
    long got = base64_decode(s, n, out);
    HOLDS(got <= (long)(n / 4 * 3));
    if (got >= 0) {
        base64_encode(&text, out, (size_t)got, 0);
        /* The bits that the last letter has too many are not looked at. */
        HOLDS(text.len == n && (n < 4 || !memcmp(sb_str(&text), s, n - 3)));
    }
    base64_encode(&folded, data, size, 76);
    char *to = folded.s;
    for (const char *p = sb_str(&folded); *p; p++)
        if (*p != '\n')
            *to++ = *p;
    n = folded.s ? (size_t)(to - folded.s) : 0;
    autofree unsigned char *back = xmalloc(n + 1);
    HOLDS(base64_decode(sb_str(&folded), n, back) == (long)size &&
          (!size || !memcmp(back, data, size)));
}

static void address(const char *s)
{
    struct ipaddr a, b;
    char text[IPADDR_STRLEN];
    if (!ipaddr_parse(s, &a))
        return;
    HOLDS(ipaddr_parse(ipaddr_str(&a, text), &b) && ipaddr_eq(&a, &b));
    for (size_t i = 0; i < sizeof b.b; i++)
        b.b[i] ^= (unsigned char)(i == 2);
    HOLDS(!ipaddr_eq(&a, &b) && ipaddr_cmp(&a, &b) == -ipaddr_cmp(&b, &a));
    HOLDS(ipaddr_same_net(&a, &b, 16) && !ipaddr_same_net(&a, &b, ipaddr_bits(&a)));
}

static void nearest(const char *s)
{
    static const char *const list[] = {"deploy", "destroy", "doctor", "drain", "check", NULL};
    const char *found = nearest_word(s, list);
    bool known = false;
    for (size_t i = 0; list[i]; i++) {
        known |= found == list[i];
        HOLDS(strcmp(list[i], s) != 0 || found == list[i]);
    }
    HOLDS(known == (found != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *s = fuzz_text(data, size);
    number(s);
    mode(s);
    span(s);
    words(s);
    base64(s, data, size);
    address(s);
    nearest(s);
    return 0;
}
