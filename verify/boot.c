#include "verify/boot.h"

#include <string.h>

#include "base/parse.h"

/* In the order of precedence of namesakes: sysctl.d(5). */
static const char *const folders[] = {"/etc/", "/run/", "/usr/local/lib/", "/usr/lib/", "/lib/"};

/*
 * A /lib that is a link is /usr/lib once more. A unit is masked by a link to /dev/null, which shows
 * as a character device.
 */
static const char functions[] =
    "bt_tell() {\n"
    "  set --\n"
    "  for d in /etc /run /usr/local/lib /usr/lib /lib; do\n"
    "    [ -h $d ] && continue\n"
    "    for f in $d/sysctl.d/*.conf $d/modprobe.d/*.conf; do\n"
    "      [ -e \"$f\" ] || continue\n"
    "      r boot_file \"$f\"\n"
    "      [ -f \"$f\" ] && [ -s \"$f\" ] && set -- \"$@\" \"$f\"\n"
    "    done\n"
    "  done\n"
    "  [ $# = 0 ] || awk '/^[ \\t]*([#;]|$)/ { next }\n"
    "    FILENAME ~ /modprobe\\.d/ && !/^[ \\t]*(blacklist|install)[ \\t]/ { next }\n"
    "    { print \"@\" n \" r boot_line \" FNR \" \" FILENAME \"\\t\" substr($0, 1, 300) }' \\\n"
    "    n=\"$N\" \"$@\" 2>/dev/null\n"
    "  for u in systemd-sysctl.service systemd-modules-load.service; do\n"
    "    [ -c /etc/systemd/system/$u ] || [ -c /run/systemd/system/$u ] && r boot_masked $u\n"
    "  done\n"
    "  r boot_end\n"
    "}\n";

bool boot_matters(const struct host_result *hr)
{
    for (size_t i = 0; i < hr->catalog.list.n; i++)
        if (hr->catalog.list.v[i]->type == RES_SYSCTL || hr->catalog.list.v[i]->type == RES_KMOD)
            return true;
    return false;
}

void boot_ask(struct script *s)
{
    script_add(s, functions);
    script_add(s, "bt_tell\n");
}

/* "12 /etc/sysctl.d/99-x.conf<tab>net.ipv4.conf.all.arp_ignore = 1" */
static void take_line(struct boot_config *b, struct arena *a, char *value)
{
    uint64_t number;
    const char *word = parse_word(&value);
    char *tab = strchr(value, '\t');
    if (!word || !tab || !parse_u64(word, 1, UINT32_MAX, &number) || b->lines.n >= BOOT_MAX_LINES)
        return;
    *tab = '\0';
    value += strspn(value, " ");
    *vec_push(&b->lines) =
        (struct boot_line){arena_strdup(a, value), arena_strdup(a, tab + 1), (unsigned)number};
}

void boot_record(struct boot_config *b, struct arena *a, const char *what, char *value)
{
    if (!strcmp(what, "boot_line"))
        take_line(b, a, value);
    else if (!strcmp(what, "boot_file") && b->files.n < BOOT_MAX_LINES)
        *vec_push(&b->files) = arena_strdup(a, value);
    else if (!strcmp(what, "boot_masked") && b->masked.n < BOOT_MAX_LINES)
        *vec_push(&b->masked) = arena_strdup(a, value);
    else if (!strcmp(what, "boot_end"))
        b->read = true;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Of which kind of folder ("sysctl.d") is it, and how high is that one's rank? -1: of another. */
static int rank_of(const char *path, const char *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        size_t n = strlen(folders[i]), k = strlen(kind);
        if (!strncmp(path, folders[i], n) && !strncmp(path + n, kind, k) && path[n + k] == '/')
            return (int)i;
    }
    return -1;
}

static bool shadowed(const struct boot_config *b, const char *path, const char *kind)
{
    int rank = rank_of(path, kind);
    for (size_t i = 0; i < b->files.n; i++) {
        int other = rank_of(b->files.v[i], kind);
        if (other >= 0 && other < rank && !strcmp(base_name(b->files.v[i]), base_name(path)))
            return true;
    }
    return false;
}

/* systemd's sysctl_normalize(): the first separator decides which of the two is the separator. */
static void normalize(char *key)
{
    char *first = strpbrk(key, "./");
    if (!first || *first == '/')
        return;
    for (; *key; key++)
        *key = *key == '.' ? '/' : *key == '/' ? '.' : *key;
}

static char *trim(char *s)
{
    s += strspn(s, " \t");
    for (size_t n = strlen(s); n && strchr(" \t\r", s[n - 1]);)
        s[--n] = '\0';
    return s;
}

/* The value when the line assigns the (normalized) key, else NULL; the text is cut up. */
static const char *assigns(char *text, const char *key)
{
    char *equals = strchr(text, '=');
    if (!equals)
        return NULL;
    *equals = '\0';
    char *name = trim(text);
    if (*name == '-') /* a failure to set it is no error */
        name++;
    if (strpbrk(name, "*?["))
        return NULL;
    normalize(name);
    return strcmp(name, key) == 0 ? trim(equals + 1) : NULL;
}

static bool is_later(const struct boot_line *a, const struct boot_line *b)
{
    int order = b ? strcmp(base_name(a->path), base_name(b->path)) : 1;
    return order > 0 || (order == 0 && a->number > b->number);
}

const struct boot_line *boot_sysctl(const struct boot_config *b, struct arena *a, const char *key,
                                    const char **value)
{
    const struct boot_line *last = NULL;
    char *wanted = arena_strdup(a, key);
    normalize(wanted);
    for (size_t i = 0; i < b->lines.n; i++) {
        const struct boot_line *l = &b->lines.v[i];
        if (rank_of(l->path, "sysctl.d") < 0 || !is_later(l, last) ||
            shadowed(b, l->path, "sysctl.d"))
            continue;
        const char *v = assigns(arena_strdup(a, l->text), wanted);
        if (v) {
            last = l;
            *value = v;
        }
    }
    return last;
}

/* Module names are the same with '-' and '_'. */
static bool same_module(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && !(strchr("-_", *a) && strchr("-_", *b)))
            return false;
    return *a == *b;
}

/* "blacklist ip_vs"; "install ip_vs /bin/true" (or false): other commands may well load it. */
static bool denies(char *text, const char *module)
{
    const char *verb = parse_word(&text), *name = parse_word(&text), *how = parse_word(&text);
    if (!verb || !name || !same_module(name, module))
        return false;
    if (!strcmp(verb, "blacklist"))
        return true;
    return !strcmp(verb, "install") && how &&
           (!strcmp(base_name(how), "true") || !strcmp(base_name(how), "false"));
}

const struct boot_line *boot_denies_module(const struct boot_config *b, const char *module)
{
    for (size_t i = 0; i < b->lines.n; i++) {
        const struct boot_line *l = &b->lines.v[i];
        if (rank_of(l->path, "modprobe.d") < 0 || shadowed(b, l->path, "modprobe.d"))
            continue;
        autofree char *copy = xstrdup(l->text);
        if (denies(copy, module))
            return l;
    }
    return NULL;
}

void boot_free(struct boot_config *b)
{
    vec_free(&b->files);
    vec_free(&b->lines);
    vec_free(&b->masked);
}
