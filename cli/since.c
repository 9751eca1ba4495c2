#include "cli/since.h"

#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/parse.h"

/* "10m" */
static bool parse_ago(const char *s, int64_t now_us, int64_t *out)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};
    enum { DIGITS = 9 };
    char digits[DIGITS + 1] = "";
    size_t n = strspn(s, "0123456789");
    uint64_t count;
    if (n == 0 || n > DIGITS || !s[n] || s[n + 1])
        return false;
    memcpy(digits, s, n);
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (units[i].unit == s[n] && parse_u64(digits, 0, UINT32_MAX, &count)) {
            *out = now_us - (int64_t)count * units[i].seconds * 1000000;
            return *out > 0;
        }
    return false;
}

/* A form of strptime(3), all of the text, with every number in as many digits as it shows. */
static bool matches(const char *s, const char *form, const char *shape, struct tm *t)
{
    for (size_t i = 0; shape[i] || s[i]; i++)
        if (shape[i] == '0' ? !(s[i] >= '0' && s[i] <= '9') : s[i] != shape[i])
            return false;
    const char *end = strptime(s, form, t);
    return end && !*end;
}

static bool parse_moment(const char *s, struct tm *t, bool *utc)
{
    static const struct {
        const char *form, *shape;
        bool utc;
    } forms[] = {
        {"%H:%M", "00:00", false},
        {"%H:%M:%S", "00:00:00", false},
        {"%Y-%m-%d", "0000-00-00", false},
        {"%Y-%m-%d %H:%M", "0000-00-00 00:00", false},
        {"%Y-%m-%d %H:%M:%S", "0000-00-00 00:00:00", false},
        {"%Y-%m-%dT%H:%M", "0000-00-00T00:00", false},
        {"%Y-%m-%dT%H:%M:%S", "0000-00-00T00:00:00", false},
        {"%Y-%m-%dT%H:%MZ", "0000-00-00T00:00Z", true},
        {"%Y-%m-%dT%H:%M:%SZ", "0000-00-00T00:00:00Z", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct tm try = *t;
        if (!matches(s, forms[i].form, forms[i].shape, &try))
            continue;
        *t = try;
        *utc = forms[i].utc;
        return true;
    }
    return false;
}

bool parse_since(const char *s, int64_t now_us, int64_t *out)
{
    time_t now = (time_t)(now_us / 1000000), at;
    struct tm t;
    bool utc = false;
    if (parse_ago(s, now_us, out))
        return true;
    localtime_r(&now, &t);
    t.tm_hour = t.tm_min = t.tm_sec = 0;
    t.tm_isdst = -1;
    if (!strcmp(s, "now")) {
        *out = now_us;
        return true;
    }
    if (!strcmp(s, "yesterday"))
        t.tm_mday--;
    else if (strcmp(s, "today") != 0 && !parse_moment(s, &t, &utc))
        return false;
    struct tm said = t;
    at = utc ? timegm(&t) : mktime(&t);
    *out = (int64_t)at * 1000000;
    /* The 31st of February is the 3rd of March to mktime(). */
    return at > 0 && (said.tm_mday < 1 || (t.tm_mday == said.tm_mday && t.tm_mon == said.tm_mon));
}
