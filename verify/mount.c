#include "verify/mount.h"

#include <ctype.h>
#include <string.h>

#include "base/parse.h"
#include "base/quote.h"
#include "engine/paths.h"

/*
 * mt_tell POINT POINT-IN-OCTAL UNIT. A path goes to awk by its environment: -v would undo escapes.
 * A stat that does not return in 3 s is a server that does not answer; waits for NFS can be killed.
 */
static const char functions[] =
    "mt_tell() {\n"
    "  M=$2 awk '\n"
    "    FILENAME ~ /mountinfo/ { if ($5 == ENVIRON[\"M\"]) print \"@\" n \" r mount \" $0; next "
    "}\n"
    "    $2 == ENVIRON[\"M\"] && $1 !~ /^#/ { print \"@\" n \" r mount_fstab \" $0 }' n=\"$N\" \\\n"
    "    /proc/self/mountinfo /etc/fstab\n"
    "  o=$(timeout -s KILL 3 " STAT_SHARE_SH " -- \"$1\" 2>&1 >/dev/null) || r mount_dead $? \"$o\"\n"
    "  for d in /run/systemd/system /etc/systemd/system; do\n"
    "    if [ -c \"$d/$3\" ]; then r mount_masked \"$d/$3\"\n"
    "    elif [ -e \"$d/$3\" ]; then r mount_unit \"$d/$3\"; fi\n"
    "  done\n"
    "  r mount_end\n"
    "}\n";

const struct resource *mount_wanted(const struct host_result *hr)
{
    for (size_t i = 0; i < hr->catalog.list.n; i++) {
        const struct resource *r = hr->catalog.list.v[i];
        if (r->type == RES_MOUNT && !r->gone && !strncmp(r->mount.fstype, "nfs", 3))
            return r;
    }
    return NULL;
}

void mount_unit_name(struct strbuf *out, const char *point)
{
    const char *p = point + strspn(point, "/");
    if (!*p)
        sb_addc(out, '-');
    for (const char *c = p; *c; c++) {
        if (*c == '/') {
            const char *next = c + strspn(c, "/");
            if (*next)
                sb_addc(out, '-');
            c = next - 1;
        } else if (isalnum((unsigned char)*c) || *c == ':' || *c == '_' || (*c == '.' && c != p)) {
            sb_addc(out, *c);
        } else {
            sb_addf(out, "\\x%02x", (unsigned)(unsigned char)*c);
        }
    }
    sb_add(out, ".mount");
}

void mount_ask(struct script *s, const struct resource *want)
{
    autosb struct strbuf octal = {0}, unit = {0};
    quote_octal(&octal, want->key);
    mount_unit_name(&unit, want->key);
    script_add(s, functions);
    script_add(s, "mt_tell");
    script_arg(s, want->key);
    script_arg(s, sb_str(&octal));
    script_arg(s, sb_str(&unit));
    script_add(s, "\n");
}

/* proc(5): "36 35 98:0 /root /point rw,noatime master:1 - nfs4 10.1.1.134:/nfs/web rw,vers=4.2" */
static void take_mount(struct live_mount *m, struct arena *a, char *line)
{
    const char *word = NULL, *own = NULL;
    for (int i = 0; i < 6 && (word = parse_word(&line)); i++)
        own = word;
    while ((word = parse_word(&line)) && strcmp(word, "-") != 0)
        ;
    const char *fstype = parse_word(&line), *source = parse_word(&line);
    const char *more = parse_word(&line);
    if (!own || !fstype || !source)
        return;
    m->fstype = arena_strdup(a, fstype); /* the last line is what is on top */
    m->source = arena_strdup(a, source);
    m->options = arena_printf(a, "%s,%s", own, more ? more : "");
}

/* "137 stat: ..." */
static void take_dead(struct live_mount *m, struct arena *a, char *value)
{
    const char *status = parse_word(&value);
    if (status && !strcmp(status, "137")) /* 128 + SIGKILL */
        m->dead = "the server did not answer a stat within 3 s";
    else
        m->dead = arena_printf(a, "a stat failed: %s", value);
}

void mount_record(struct live_mount *m, struct arena *a, const char *what, char *value)
{
    enum { MAX_FSTAB = 16 };
    if (!strcmp(what, "mount"))
        take_mount(m, a, value);
    else if (!strcmp(what, "mount_fstab") && m->fstab.n < MAX_FSTAB)
        *vec_push(&m->fstab) = arena_strdup(a, value);
    else if (!strcmp(what, "mount_dead"))
        take_dead(m, a, value);
    else if (!strcmp(what, "mount_masked") || !strcmp(what, "mount_unit")) {
        m->unit = arena_strdup(a, value);
        m->unit_masked = what[6] == 'm';
    } else if (!strcmp(what, "mount_end"))
        m->read = true;
}

void mount_free(struct live_mount *m)
{
    vec_free(&m->fstab);
}

const char *mount_option(struct arena *a, const char *options, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = options; p && *p; p += strspn(p, ",")) {
        size_t len = strcspn(p, ",");
        if (len >= n && !strncmp(p, name, n) && (len == n || p[n] == '='))
            return len == n ? "" : arena_strndup(a, p + n + 1, len - n - 1);
        p += len;
    }
    return NULL;
}
