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
    /*
     * work_service UNIT TODO: what the plan says to start may have been started in the meantime by
     * its package, with the package's own files; then it has to be told of ours.
     */
    "work_service() {\n"
    "  case $2 in *reread*) systemctl daemon-reload ;; esac\n"
    "  case $2 in *enable*) systemctl is-enabled -q -- \"$1\" 2>/dev/null ||\n"
    "    systemctl enable -q -- \"$1\" ;; esac\n"
    "  f=/var/lib/clusterctl/pending/$1\n"
    "  case $2 in stop)\n"
    "    systemctl stop -- \"$1\" || { systemctl status --no-pager -l -n 15 -- \"$1\"; return 1; }\n"
    "    systemctl reset-failed -- \"$1\" 2>/dev/null || :\n"
    "    rm -f \"$f.reload\" \"$f.restart\"; return 0 ;;\n"
    "  esac\n"
    "  if ! systemctl is-active -q -- \"$1\"; then\n"
    "    systemctl reset-failed -- \"$1\" 2>/dev/null || :; systemctl start -- \"$1\"\n"
    "  elif [ -e \"$f.restart\" ]; then systemctl restart -- \"$1\"\n"
    "  elif [ -e \"$f.reload\" ]; then systemctl reload -- \"$1\"\n"
    "  fi || { systemctl status --no-pager -l -n 15 -- \"$1\"; return 1; }\n"
    "  systemctl is-active -q -- \"$1\" || { systemctl status --no-pager -l -n 15 -- \"$1\"; return 1; }\n"
    "  rm -f \"$f.reload\" \"$f.restart\"\n"
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

/* What there is to do, in the words of the operator and of work_service. */
enum {
    SVC_REREAD = 1,
    SVC_ENABLE = 2,
    SVC_START = 4,
    SVC_RELOAD = 8,
    SVC_RESTART = 16,
    SVC_STOP = 32
};
static const struct {
    unsigned bit;
    const char *verb;
} todos[] = {
    {SVC_REREAD, "reread"}, {SVC_ENABLE, "enable"},   {SVC_START, "start"},
    {SVC_RELOAD, "reload"}, {SVC_RESTART, "restart"},
    {SVC_STOP, "stop"},
};

static void add_verbs(struct strbuf *out, unsigned todo)
{
    for (size_t i = 0; i < ARRAY_LEN(todos); i++)
        if (todo & todos[i].bit)
            sb_addf(out, "%s%s", out->len ? ", " : "", todos[i].verb);
}

/* A unit that has failed, or is on its way, is stopped too: it would be started again. */
static void diff_stopped(struct plan *p, const struct resource *want, const struct resource *have)
{
    const struct res_service *h = &have->service;
    if (!h->exists || !h->state || !strcmp(h->state, "inactive") || !strcmp(h->state, "failed"))
        return;
    enum impact impact = want->costless                          ? IMPACT_NONE
                         : !strcmp(want->key, "keepalived.service") ? IMPACT_VIP_MOVES
                                                                  : IMPACT_RESTART;
    plan_step(p, want, have, impact, "stop %s", want->key)->todo = SVC_STOP;
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    const struct res_service *h = &have->service;
    if (want->service.stopped) {
        diff_stopped(p, want, have);
        return;
    }
    enum notify notified = plan_notified(p, want->key);
    if (h->pending > notified)
        notified = h->pending;
    unsigned todo = (h->stale_unit ? SVC_REREAD : 0) | (h->enabled ? 0 : SVC_ENABLE);
    enum impact impact = IMPACT_NONE;
    if (!h->active) {
        todo |= SVC_START;
    } else if (notified) {
        todo |= notified == NOTIFY_RESTART ? SVC_RESTART : SVC_RELOAD;
        impact = want->costless                ? IMPACT_NONE
                 : notified == NOTIFY_RESTART ? IMPACT_RESTART
                                              : IMPACT_RELOAD;
    }
    if (!todo)
        return;
    autosb struct strbuf verbs = {0};
    add_verbs(&verbs, todo);
    struct step *s = plan_step(p, want, have, impact, "%s %s%s%s%s", sb_str(&verbs), want->key,
                               h->state && h->exists ? " (is " : "",
                               h->state && h->exists ? h->state : "",
                               h->state && h->exists ? ")" : "");
    s->todo = todo;
}

static void apply(struct script *s, const struct step *step)
{
    autosb struct strbuf words = {0};
    add_verbs(&words, step->todo);
    script_add(s, "work_service");
    script_arg(s, step->want->key);
    script_arg(s, sb_str(&words));
    script_add(s, "\n");
}

static const char undo[] =
    "pre_service() {\n"
    "  [ -z \"$adopt\" ] || { echo '?'; return 0; }\n"
    "  a=$(systemctl show -p LoadState -p UnitFileState -p ActiveState -- \"$1\")\n"
    "  case $a in\n"
    "  *LoadState=not-found*) echo absent ;;\n"
    "  *) e=disabled s=inactive\n"
    "    case $a in *UnitFileState=enabled*|*UnitFileState=static*|*UnitFileState=alias*|\\\n"
    "      *UnitFileState=generated*) e=enabled ;; esac\n"
    "    case $a in *ActiveState=active*|*ActiveState=reloading*) s=active ;; esac\n"
    "    echo \"$e $s\" ;;\n"
    "  esac\n"
    "}\n"
    "undo_service() {\n"
    "  rm -f \"/var/lib/clusterctl/pending/$1.reload\" \"/var/lib/clusterctl/pending/$1.restart\"\n"
    "  case $(systemctl show -p LoadState -- \"$1\") in *not-found*) return 0 ;; esac\n"
    "  case $3 in enabled*) ;; *) systemctl disable -q -- \"$1\" ;; esac\n"
    "  case $3 in *' active') return 0 ;; esac\n"
    "  systemctl stop -- \"$1\" || { systemctl status --no-pager -l -n 15 -- \"$1\"; return 1; }\n"
    "  systemctl reset-failed -- \"$1\" 2>/dev/null || :\n"
    "}\n";

/* A unit that came with a package of ours did not run before: it is stopped. */
static bool gone(struct strbuf *words, const struct owned *o, enum impact *impact)
{
    bool enabled = !strncmp(o->before, "enabled", 7), active = strstr(o->before, " active");
    if (!active)
        *impact = !strcmp(o->key, "keepalived.service") ? IMPACT_VIP_MOVES : IMPACT_RESTART;
    sb_addf(words, "%s%s%s %s", active ? "" : "stop", active || enabled ? "" : " and ",
            enabled ? "" : "disable", o->key);
    return !enabled || !active;
}

const struct res_ops res_service_ops = {"service", functions, observe, parse, diff, apply,
    undo, NULL, gone};
