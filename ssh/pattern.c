#include "ssh/pattern.h"

#include <string.h>

/*
 * '*' and '?' as in sshd(8). Only the last '*' is ever tried again, a character further on: what an
 * earlier one could take instead, that one can as well.
 */
bool pattern_matches(const char *s, const char *pattern)
{
    const char *star = NULL, *taken = s; /* behind the last '*', and what it has taken up to */
    while (*s) {
        if (*pattern == '*') {
            star = ++pattern;
            taken = s;
        } else if (*pattern && (*pattern == '?' || *pattern == *s)) {
            pattern++;
            s++;
        } else if (star) {
            pattern = star;
            s = ++taken;
        } else {
            return false;
        }
    }
    return !pattern[strspn(pattern, "*")];
}
