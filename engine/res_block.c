#include <string.h>

#include "engine/fstab.h"
#include "engine/putfile.h"

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    putfile_stat(s, "block", list, n);
    for (size_t i = 0; i < n; i++)
        putfile_content(s, list[i]);
}

static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    (void)want;
    struct res_block *h = &have->block;
    if (!strcmp(field, "content"))
        return putfile_parse_content(a, value, &h->file, &h->file_len, e);
    struct file_stat st = {0};
    if (putfile_parse_stat(a, value, &st, e) < 0)
        return -1;
    h->exists = true;
    h->owner = st.owner;
    h->group = st.group;
    h->mode = st.mode;
    return 0;
}

/* Whether a line says, outside our block, what the block says. Mirrors edit_block's awk. */
static bool superseded(const struct res_block *w, const char *line, size_t n)
{
    const char *end = line + n;
    if (!w->drop_field)
        return false;
    for (unsigned field = 1; line < end; field++) {
        line += strspn(line, " \t");
        if (line >= end || (field == 1 && *line == '#'))
            return false;
        size_t len = 0;
        while (line + len < end && line[len] != ' ' && line[len] != '\t')
            len++;
        if (field == w->drop_field)
            return (strlen(w->drop_value) == len && !strncmp(line, w->drop_value, len)) ||
                   (w->drop_value2 && strlen(w->drop_value2) == len &&
                    !strncmp(line, w->drop_value2, len));
        line += len;
    }
    return false;
}

static bool is_line(const char *line, size_t n, const char *what, const char *marker)
{
    size_t a = strlen(what), b = strlen(marker);
    return n == a + b && !strncmp(line, what, a) && !strncmp(line + a, marker, b);
}

static void put_block(struct strbuf *out, const struct res_block *w)
{
    sb_addf(out, "# BEGIN %s\n%s", w->marker, w->content);
    size_t n = strlen(w->content);
    if (n && w->content[n - 1] != '\n')
        sb_addc(out, '\n');
    sb_addf(out, "# END %s\n", w->marker);
}

/* The file as edit_block will leave it. False: a BEGIN line without its END. */
static bool edited(struct strbuf *out, const struct res_block *w, const char *file)
{
    bool inside = false, done = false;
    while (file && *file) {
        size_t n = strcspn(file, "\n");
        if (is_line(file, n, "# BEGIN ", w->marker)) {
            inside = done = true;
            put_block(out, w);
        } else if (is_line(file, n, "# END ", w->marker)) {
            inside = false;
        } else if (!inside && !superseded(w, file, n)) {
            sb_addn(out, file, n);
            sb_addc(out, '\n');
        }
        file += n + (file[n] == '\n');
    }
    if (!done)
        put_block(out, w);
    return !inside;
}

static void set_diff(struct plan *p, struct step *s, const char *old, const char *new)
{
    autosb struct strbuf a = {0}, b = {0};
    if (s->want->block.check == FILE_CHECK_FSTAB) {
        fstab_mask(&a, old ? old : "");
        fstab_mask(&b, new);
        old = old ? sb_str(&a) : NULL;
        new = sb_str(&b);
    }
    step_set_diff(p, s, s->want->key, old, new);
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    const struct res_block *w = &want->block, *h = &have->block;
    autosb struct strbuf new = {0};
    bool whole = edited(&new, w, h->file);
    if (h->exists && h->file && !strcmp(h->file, sb_str(&new)))
        return;
    struct step *s = plan_step(p, want, have, putfile_impact(want), "edit the %s block of %s",
                               w->marker, want->key);
    set_diff(p, s, h->exists ? (h->file ? h->file : "") : NULL, sb_str(&new));
    if (!whole) {
        s->blocked = arena_printf(&p->arena, "%s has a line '# BEGIN %s' without '# END %s'",
                                  want->key, w->marker, w->marker);
        s->hint = "put the END line back behind the last line of the block, or remove the block";
    }
}

static void apply(struct script *s, const struct step *step)
{
    const struct res_block *w = &step->want->block;
    script_add(s, "edit_block");
    script_arg(s, step->want->key);
    script_arg(s, w->marker);
    script_addf(s, " %u", w->drop_field);
    script_arg(s, w->drop_value ? w->drop_value : "");
    script_arg(s, w->drop_value2 ? w->drop_value2 : "");
    /* systemd makes mount units of fstab when it reloads (systemd-fstab-generator(8)). */
    putfile_args(s, step->want, w->check, w->check == FILE_CHECK_FSTAB);
    putfile_heredoc(s, w->content, strlen(w->content));
}

/*
 * Where nobody else has changed the file, the original as it was; else the lines that ours replaced
 * come back in the place of ours.
 */
static const char undo[] =
    "pre_block() {\n"
    "  if [ ! -e \"$1\" ]; then printf 'absent %s' \"$(first_missing \"$1\")\"\n"
    "  elif [ -n \"$adopt\" ]; then echo '?'\n"
    "  else keep_orig \"$1\"; echo existed; fi\n"
    "}\n"
    "undo_block() {\n"
    "  [ -e \"$1\" ] || return 0\n"
    "  o=/var/lib/clusterctl/orig$1; t=${1%/*}/.${1##*/}.clusterctl-tmp\n"
    "  (umask 077; mkdir -p \"${o%/*}\"; : >>\"$o.dropped\")\n"
    "  rm -f \"$t\"; cp -p \"$1\" \"$t\"; : >/run/clusterctl/rest\n"
    "  awk -v d=\"$o.dropped\" -v rest=/run/clusterctl/rest '\n"
    "    FILENAME == d { if (!seen[$0]++) lost[++n] = $0; next }\n"
    "    $0 == \"# BEGIN clusterctl\" { inside = 1; for (i = 1; i <= n; i++) print lost[i]; next }\n"
    "    $0 == \"# END clusterctl\" { inside = 0; next }\n"
    "    !inside { print; print >rest }' \"$o.dropped\" \"$1\" >\"$t\"\n"
    "  if [ -e \"$o\" ] && awk -v d=\"$o.dropped\" '\n"
    "    FILENAME == d { lost[$0]; next } !($0 in lost)' \"$o.dropped\" \"$o\" |\n"
    "    cmp -s - /run/clusterctl/rest; then put_back \"$o\" \"$1\"; rm -f \"$t\"\n"
    "  elif [ \"${3%% *}\" = absent ] && [ ! -s \"$t\" ] && ! of_package \"$1\"; then\n"
    "    rm -f \"$t\" \"$1\"; prune \"${1%/*}\" \"${3#absent }\"\n"
    "  else sync \"$t\"; mv -f \"$t\" \"$1\"; sync \"${1%/*}\"; fi\n"
    "  [ \"$1\" != /etc/fstab ] || systemctl daemon-reload\n"
    "}\n";

static bool gone(struct strbuf *words, const struct owned *o, enum impact *impact)
{
    (void)impact;
    sb_addf(words, "take the clusterctl block out of %s", o->key);
    return true;
}

const struct res_ops res_block_ops = {"block", putfile_functions, observe, parse, diff, apply,
    undo, NULL, gone};
