#include "verify/token.h"

#include <stdio.h>
#include <string.h>

#include "base/quote.h"

/*
 * tk_write DIRECTORY NAME TEXT. set -C: never through a link or over a file that is there. The
 * guard ends by itself a second after the file has gone; it ignores SIGHUP, and holds none of the
 * session's pipes open.
 */
static const char writing[] =
    "tk_write() {\n"
    "  find \"$1\" -maxdepth 1 -name '" TOKEN_PREFIX "*' -type f -mmin +5 -exec rm -f {} + "
    "2>/dev/null\n"
    "  o=$( (set -C; printf '%s\\n' \"$3\" >\"$1/$2\") 2>&1) || { r token_error \"$o\"; return; }\n"
    "  (trap '' HUP; i=0\n"
    "   while [ $i -lt 60 ] && [ -e \"$1/$2\" ]; do sleep 1; i=$((i + 1)); done\n"
    "   rm -f \"$1/$2\") </dev/null >/dev/null 2>&1 &\n"
    "  r token_written\n"
    "}\n";

/* tk_read FILE: a dead server makes this wait, for at most 5 s. */
static const char reading[] =
    "tk_read() {\n"
    "  if o=$(timeout -s KILL 5 head -c 100 -- \"$1\" 2>&1); then r token \"$o\"\n"
    "  elif [ $? = 137 ]; then r token_error the share does not answer within 5 s\n"
    "  else r token_error \"$o\"; fi\n"
    "}\n";

int token_draw(struct token *t, struct err *e)
{
    struct script s; /* a script's nonce is what is wanted here, twice */
    *t = (struct token){0};
    if (script_init(&s, e) < 0)
        return -1;
    snprintf(t->name, sizeof t->name, TOKEN_PREFIX "%s", s.nonce);
    script_free(&s);
    if (script_init(&s, e) < 0)
        return -1;
    memcpy(t->text, s.nonce, sizeof t->text);
    script_free(&s);
    return 0;
}

const char *token_directory(const struct host_result *hr)
{
    for (size_t i = 0; i < hr->catalog.list.n; i++)
        if (hr->catalog.list.v[i]->type == RES_EXPORT && !hr->catalog.list.v[i]->gone)
            return hr->catalog.list.v[i]->key;
    return NULL;
}

void token_write(struct script *s, const char *directory, const struct token *t)
{
    script_add(s, writing);
    script_add(s, "tk_write");
    script_arg(s, directory);
    script_arg(s, t->name);
    script_arg(s, t->text);
    script_add(s, "\n");
}

static void add_path(struct script *s, const char *directory, const struct token *t)
{
    autosb struct strbuf path = {0};
    sb_addf(&path, "%s/%s", directory, t->name);
    script_arg(s, sb_str(&path));
}

void token_read(struct script *s, const char *mount_point, const struct token *t)
{
    script_add(s, reading);
    script_add(s, "tk_read");
    add_path(s, mount_point, t);
    script_add(s, "\n");
}

void token_remove(struct script *s, const char *directory, const struct token *t)
{
    script_add(s, "rm -f --");
    add_path(s, directory, t);
    script_add(s, "\n");
}
