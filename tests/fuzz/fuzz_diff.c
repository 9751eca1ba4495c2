/* Input: two texts, parted by a line "===="; the diff from one to the other leads there. */
#include <stdio.h>

#include "engine/udiff.h"
#include "fuzz.h"

/* The length of the next line without its newline. */
static size_t line(const char *s)
{
    return strcspn(s, "\n");
}

/* Take over what stands before a hunk. */
static void skip(struct strbuf *out, const char **old, unsigned *at, unsigned to)
{
    for (; *at < to; ++*at) {
        HOLDS(**old);
        size_t n = line(*old);
        n += (*old)[n] == '\n';
        sb_addn(out, *old, n);
        *old += n;
    }
}

/* Hunks as patch(1) applies them. */
static void patch(struct strbuf *out, const char *old, const char *diff)
{
    unsigned at = 1, start, n;
    while (*diff) {
        if (sscanf(diff, "@@ -%u,%u", &start, &n) == 2) {
            skip(out, &old, &at, n ? start : start + 1);
        } else if (sscanf(diff, "@@ -%u", &start) == 1) {
            skip(out, &old, &at, start);
        } else if (*diff == ' ' || *diff == '-') {
            size_t len = line(old);
            HOLDS(line(diff + 1) == len && !strncmp(old, diff + 1, len));
            len += old[len] == '\n';
            if (*diff == ' ')
                sb_addn(out, old, len);
            old += len;
            at++;
        } else if (*diff == '+') {
            sb_addn(out, diff + 1, line(diff + 1) + 1);
        } else {
            HOLDS(*diff == '\\'); /* of which line is told by the text: see below */
        }
        diff += line(diff);
        diff += *diff == '\n';
    }
    sb_add(out, old);
}

/* Behind a line that was added, "\ No newline" takes its newline away. */
static bool same(const char *got, const char *want)
{
    size_t n = strlen(want);
    return !strcmp(got, want) ||
           (!strncmp(got, want, n) && !strcmp(got + n, "\n") && n && want[n - 1] != '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *old = fuzz_text(data, size);
    char *mark = strstr(old, "====\n");
    if (!mark)
        return 0;
    *mark = '\0';
    autofree char *new = xstrdup(mark + strlen("====\n"));
    autosb struct strbuf diff = {0}, made = {0};
    udiff(&diff, "/etc/x", old, new);
    HOLDS((diff.len == 0) == !strcmp(old, new));
    if (!diff.len)
        return 0;
    HOLDS(!strncmp(diff.s, "--- a/etc/x\n+++ b/etc/x\n@@ ", 27));
    patch(&made, old, diff.s + 24);
    HOLDS(same(sb_str(&made), new));
    return 0;
}
