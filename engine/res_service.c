#include <string.h>

#include "base/parse.h"
#include "engine/restype.h"

/*
 * One systemctl for all units; its answers come as blocks of NAME=VALUE. A unit's file in
 * /var/lib/clusterctl/pending says that a file it reads has changed since it was last told.
 */
static const char functions[] =
    "ob_service() {\n"
    "  systemctl show -p Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload -- \"$@\" |\n"
    "  { id=; while IFS= read -r l; do\n"
    "      case $l in\n"
    "      Id=*) id=${l#*=} ;;\n"
    "      ?*=*) v=${l#*=}; r \"service:$id\" \"${l%%=*}\" \"${v:--}\" ;;\n"
    "      esac\n"
    "    done; }\n"
    "  for u; do\n"
    "    [ -e \"/var/lib/clusterctl/pending/$u.reload\" ] && r \"service:$u\" Pending reload\n"
    "    [ -e \"/var/lib/clusterctl/pending/$u.restart\" ] && r \"service:$u\" Pending restart\n"
    "  done\n"
    "  :\n"
    "}\n"
    "work_service() {\n" /* UNIT ENABLE VERB */
    "  [ \"$2\" = 0 ] || { systemctl daemon-reload; systemctl enable -q \"$1\"; }\n"
    "  case $3 in\n"
    "  start) systemctl reset-failed -- \"$1\" 2>/dev/null || :; systemctl start -- \"$1\" ;;\n"
    "  reload|restart) systemctl \"$3\" -- \"$1\" ;;\n"
    "  esac || { systemctl status --no-pager -l -n 15 -- \"$1\"; return 1; }\n"
    "  systemctl is-active -q -- \"$1\" || { systemctl status --no-pager -l -n 15 -- \"$1\"; return 1; }\n"
    "  rm -f \"/var/lib/clusterctl/pending/$1.reload\" \"/var/lib/clusterctl/pending/$1.restart\"\n"
    "}\n";

/* Records name units by what systemd calls them (Id), so a key must be the real name, no alias. */
static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    script_add(s, "ob_service");
    for (size_t i = 0; i < n; i++)
        script_arg(s, list[i]->key);
    script_add(s, "\n");
}

static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    (void)want, (void)e;
    struct res_service *h = &have->service;
    if (!strcmp(field, "LoadState"))
        h->exists = strcmp(value, "not-found") != 0;
    else if (!strcmp(field, "ActiveState")) {
        h->active = !strcmp(value, "active") || !strcmp(value, "reloading");
        h->state = arena_strdup(a, value);
    } else if (!strcmp(field, "UnitFileState"))
        h->enabled = !strcmp(value, "enabled") || !strcmp(value, "static") ||
                     !strcmp(value, "generated") || !strcmp(value, "alias");
    else if (!strcmp(field, "NeedDaemonReload"))
        h->stale_unit = !strcmp(value, "yes");
    else if (!strcmp(field, "Pending"))
        h->pending = !strcmp(value, "restart") ? NOTIFY_RESTART : NOTIFY_RELOAD;
    return 0;
}

enum { SVC_ENABLE = 1, SVC_START = 2, SVC_RELOAD = 4, SVC_RESTART = 8 };

static void add_word(struct strbuf *sb, const char *word)
{
    sb_addf(sb, "%s%s", sb->len ? ", " : "", word);
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    const struct res_service *h = &have->service;
    enum notify notified = plan_notified(p, want->key);
    if (h->pending > notified)
        notified = h->pending;
    unsigned todo = 0;
    enum impact impact = IMPACT_NONE;
    autosb struct strbuf verbs = {0};
    if (!h->enabled || h->stale_unit) {
        todo |= SVC_ENABLE;
        add_word(&verbs, h->enabled ? "re-read" : "enable");
    }
    if (!h->active) {
        todo |= SVC_START;
        add_word(&verbs, "start");
        impact = want->service.start_impact;
    } else if (notified) {
        todo |= notified == NOTIFY_RESTART ? SVC_RESTART : SVC_RELOAD;
        add_word(&verbs, notified == NOTIFY_RESTART ? "restart" : "reload");
        impact = notified == NOTIFY_RESTART ? IMPACT_RESTART : IMPACT_RELOAD;
    }
    if (!todo)
        return;
    struct step *s = plan_step(p, want, have, impact, "%s %s%s%s%s", sb_str(&verbs), want->key,
                               h->state && h->exists ? " (is " : "",
                               h->state && h->exists ? h->state : "",
                               h->state && h->exists ? ")" : "");
    s->todo = todo;
}

static void apply(struct script *s, const struct step *step)
{
    unsigned t = step->todo;
    script_add(s, "work_service");
    script_arg(s, step->want->key);
    script_addf(s, " %d %s\n", (t & SVC_ENABLE) != 0,
                t & SVC_START     ? "start"
                : t & SVC_RESTART ? "restart"
                : t & SVC_RELOAD  ? "reload"
                                  : "-");
}

const struct res_ops res_service_ops = {"service", functions, observe, parse, diff, apply};
