/* The secrets of log-in: where they come from by default, and how they stay here. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "inventory/locator.h"
#include "inventory/secret.h"

static const struct login_secret {
    const char *key, *variable;
    size_t offset;
} login_secrets[] = {
    {"password", "CLUSTERCTL_SSH_PASSWORD", offsetof(struct ssh_settings, password)},
    {"passphrase", "CLUSTERCTL_PASSPHRASE", offsetof(struct ssh_settings, passphrase)},
    {"become_password", "CLUSTERCTL_SUDO_PASSWORD", offsetof(struct ssh_settings, become_password)},
};

/* /proc/PID/environ shows the memory that the process was started with. */
static void wipe_variable(const char *name)
{
    char *value = getenv(name);
    if (value)
        explicit_bzero(value, strlen(value));
    unsetenv(name);
}

static void wipe_source(const struct secret_source *s)
{
    json_t *v = json_loads(s->source, 0, NULL);
    const char *name = json_string_value(json_object_get(v, "env"));
    if (name)
        wipe_variable(name);
    json_decref(v);
}

static void give(struct ssh_settings *ssh, const struct login_secret *s, const char *value)
{
    const char **at = (const char **)((char *)ssh + s->offset);
    if (!*at)
        *at = value;
}

void secrets_from_environment(struct cluster *c)
{
    for (size_t i = 0; i < ARRAY_LEN(login_secrets); i++) {
        const struct login_secret *s = &login_secrets[i];
        const char *value = getenv(s->variable);
        const char *copy = c && value && *value ? arena_strdup(&c->arena, value) : NULL;
        for (size_t k = 0; copy && k < c->n_hosts; k++)
            give(&c->hosts[k].ssh, s, copy);
        if (copy)
            give(&c->ssh, s, copy);
        wipe_variable(s->variable);
    }
    for (const struct secret_source *s = c ? c->secrets : NULL; s; s = s->next)
        wipe_source(s);
}

/* "env" is a key of sources alone. */
static void wipe_named(json_t *v)
{
    const char *key, *name = json_string_value(json_object_get(v, "env"));
    json_t *member;
    size_t i;
    if (name)
        wipe_variable(name);
    json_object_foreach(v, key, member)
        wipe_named(member);
    json_array_foreach(v, i, member)
        wipe_named(member);
}

void secrets_leave_environment(const json_t *inventory)
{
    for (size_t i = 0; i < ARRAY_LEN(login_secrets); i++)
        wipe_variable(login_secrets[i].variable);
    wipe_named((json_t *)(uintptr_t)inventory);
}

struct cursor {
    const char *p;
    unsigned line, column;
};

/* On to a position behind it. */
static void go_to(struct cursor *c, struct position at)
{
    for (; c->line < at.line; c->line++, c->column = 1)
        c->p = strchr(c->p, '\n') + 1;
    while (c->column < at.column)
        c->column += (*++c->p & 0xc0) != 0x80;
}

static size_t string_length(const char *s)
{
    size_t n = 1;
    while (s[n] != '"')
        n += s[n] == '\\' ? 2 : 1;
    return n + 1;
}

struct place {
    char *pointer;
    const struct login_secret *secret;
};

static void find_strings(const json_t *ssh, const char *above, struct place *places, size_t *n)
{
    for (size_t i = 0; i < ARRAY_LEN(login_secrets); i++)
        if (json_is_string(json_object_get(ssh, login_secrets[i].key)))
            places[(*n)++] = (struct place){pointerf("%s/ssh/%s", above, login_secrets[i].key),
                                            &login_secrets[i]};
}

/* Every place where one stands as a string. */
static struct place *find_places(const json_t *json, size_t *n)
{
    const json_t *hosts = json_object_get(json, "hosts");
    struct place *places =
        xcalloc((json_array_size(hosts) + 1) * ARRAY_LEN(login_secrets), sizeof *places);
    *n = 0;
    find_strings(json_object_get(json, "ssh"), "", places, n);
    for (size_t i = 0; i < json_array_size(hosts); i++) {
        autofree char *above = pointerf("/hosts/%zu", i);
        find_strings(json_object_get(json_array_get(hosts, i), "ssh"), above, places, n);
    }
    return places;
}

struct cut {
    struct position at;
    const struct login_secret *secret;
};

static int by_place(const void *a, const void *b)
{
    const struct cut *x = a, *y = b;
    return x->at.line != y->at.line ? (x->at.line > y->at.line) - (x->at.line < y->at.line)
                                    : (x->at.column > y->at.column) - (x->at.column < y->at.column);
}

const char *secrets_taken_out(struct cluster *c, const json_t *json, const char *text, size_t len)
{
    autosb struct strbuf out = {0};
    struct cursor here = {text, 1, 1};
    const char *from = text;
    size_t n;
    struct place *places = find_places(json, &n);
    struct locate *want = xcalloc(n ? n : 1, sizeof *want);
    struct cut *cuts = xcalloc(n ? n : 1, sizeof *cuts);
    for (size_t i = 0; i < n; i++)
        want[i].pointer = places[i].pointer;
    locate(text, len, want, n);
    for (size_t i = 0; i < n; i++)
        cuts[i] = (struct cut){want[i].found, places[i].secret};
    qsort(cuts, n, sizeof *cuts, by_place);
    for (size_t i = 0; i < n; i++) {
        go_to(&here, cuts[i].at);
        sb_addn(&out, from, (size_t)(here.p - from));
        sb_addf(&out, "{ \"env\": \"%s\" }", cuts[i].secret->variable);
        from = here.p + string_length(here.p);
        xfree(places[i].pointer);
    }
    sb_addn(&out, from, len - (size_t)(from - text));
    xfree(places);
    xfree(want);
    xfree(cuts);
    return arena_strndup(&c->arena, sb_str(&out), out.len);
}
