#include "engine/script.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"
#include "base/quote.h"

int script_init(struct script *s, struct err *e)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char random[NONCE_LEN];
    *s = (struct script){0};
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return err_errno(e, "cannot draw a random nonce");
    for (size_t i = 0; i < NONCE_LEN; i++)
        s->nonce[i] = letters[random[i] & 31];
    return 0;
}

void script_free(struct script *s)
{
    sb_free(&s->text);
}

void script_add(struct script *s, const char *text)
{
    sb_add(&s->text, text);
}

void script_addf(struct script *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    sb_vaddf(&s->text, fmt, ap);
    va_end(ap);
}

void script_arg(struct script *s, const char *word)
{
    sb_addc(&s->text, ' ');
    quote_sh(&s->text, word);
}

void script_argn(struct script *s, size_t n)
{
    sb_addf(&s->text, " %zu", n);
}

/*
 * m KIND ...: a line of ours. r INDEX FIELD VALUE: a record. The locale is fixed so that what tools
 * print can be parsed; PATH is fixed because a non-login shell of an ordinary user lacks sbin.
 */
void script_prelude(struct script *s)
{
    script_addf(s,
                "N=%s\n"
                "LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
                "export LC_ALL PATH\n"
                "unset CDPATH ENV\n"
                "umask 022\n"
                "m() { printf '@%%s %%s\\n' \"$N\" \"$*\"; }\n"
                "r() { printf '@%%s r %%s\\n' \"$N\" \"$*\"; }\n",
                s->nonce);
}

void script_end(struct script *s)
{
    script_add(s, "m end\n");
}

bool script_line(const char *nonce, char *line, char **kind, char **rest)
{
    if (line[0] != '@' || strncmp(line + 1, nonce, NONCE_LEN) != 0 || line[1 + NONCE_LEN] != ' ')
        return false;
    char *p = line + 1 + NONCE_LEN + 1;
    char *end = p + strcspn(p, " ");
    *kind = p;
    *rest = *end ? end + 1 : end;
    *end = '\0';
    return true;
}
