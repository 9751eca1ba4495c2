#include "modules/words.h"

#include <string.h>

#include "inventory/text.h"

static const struct {
    const char *file;
    const char *syntax; /* beside blanks, control characters and what is not ASCII */
} syntaxes[] = {
    /* keepalived.conf(5): comments, quotes, blocks, macros and ~SEQ; '@' is special only at the
     * start of a line, where no value of ours stands. */
    [SYNTAX_KEEPALIVED] = {"keepalived.conf", "#!\"'{}$~\\"},
    /* YAML's single quotes, and PromQL's double ones. */
    [SYNTAX_PROMETHEUS] = {"Prometheus' configuration", "'\"\\{}"},
    /* ngx_conf_file.c; '$' begins a variable, which `nginx -t` does not mind (FIELD-NOTES). */
    [SYNTAX_NGINX] = {"the nginx configuration", "#;\"'{}$\\"},
};

int word_check(enum syntax syntax, const char *what, const char *word, struct err *e)
{
    bool ok = *word != '\0';
    for (const unsigned char *p = (const unsigned char *)word; ok && *p; p++)
        ok = *p > ' ' && *p < 0x7f && !strchr(syntaxes[syntax].syntax, *p);
    if (ok)
        return 0;
    err_set(e, ERR_FAILED, "%s is empty or holds a character that %s reads as syntax", what,
            syntaxes[syntax].file);
    return err_hint(e, "change it in the inventory");
}

int interface_check(const char *name, struct err *e)
{
    struct arena a = {0};
    const char *why = text_refused(&interface_rule, name, &a);
    if (why) {
        err_set(e, ERR_FAILED, "the network interface's name %s", why);
        err_hint(e, "give the interface another name on the host (systemd.link(5))");
    }
    arena_free(&a);
    return why ? -1 : 0;
}

const char *seconds_str(struct arena *a, unsigned ms)
{
    char *s = arena_printf(a, "%u.%03u", ms / 1000, ms % 1000);
    size_t n = strlen(s);
    while (s[n - 1] == '0')
        n--;
    s[s[n - 1] == '.' ? n - 1 : n] = '\0';
    return s;
}
