#include <string.h>

#include "engine/deadman.h"
#include "engine/restype.h"

/*
 * net_arm IFACE, net_confirm; net_clean removes every trace. The mark "armed" is made before the timer
 * and decides, not the timer: see deadman.c.
 */
static const char functions[] =
    "ob_confirm() { [ -e /var/lib/clusterctl/network/armed ] && r \"$1\" pending 1; :; }\n"
    "net_clean() {\n"
    "  rm -rf /var/lib/clusterctl/network\n"
    "  rm -f /etc/systemd/system/clusterctl-revert-boot.service \\\n"
    "    /etc/systemd/system/sysinit.target.wants/clusterctl-revert-boot.service\n"
    "}\n"
    "net_confirm() {\n"
    "  d=/var/lib/clusterctl/network\n"
    "  mv \"$d/armed\" \"$d/confirmed\" || {\n"
    "    echo '-- the host has taken the change back already: no confirmation came in time'; return 1; }\n"
    "  systemctl stop clusterctl-revert.timer 2>/dev/null || :\n"
    "  net_clean\n"
    "}\n"
    "net_arm() {\n" /* IFACE */
    "  d=/var/lib/clusterctl/network; u=/etc/systemd/system/clusterctl-revert-boot.service\n"
    "  cat >\"$u\" <<EOF\n"
    "[Unit]\n"
    "Description=Take back a network change that was not confirmed (clusterctl)\n"
    "DefaultDependencies=no\n"
    "RequiresMountsFor=/etc /var/lib\n"
    "After=local-fs.target\n"
    "Before=network-pre.target networking.service ifup@$1.service systemd-networkd.service\n"
    "Before=NetworkManager.service network.service\n"
    "Wants=network-pre.target\n"
    "ConditionPathExists=|$d/armed\n"
    "ConditionPathExists=|$d/reverting\n"
    "[Service]\n"
    "Type=oneshot\n"
    "ExecStart=/bin/sh $d/run boot\n"
    "EOF\n"
    "  mkdir -p /etc/systemd/system/sysinit.target.wants\n"
    "  ln -sf \"$u\" /etc/systemd/system/sysinit.target.wants/\n"
    "  find \"$d\" \"$u\" /etc/systemd/system/sysinit.target.wants -exec sync {} +\n"
    "  : >\"$d/armed\"; sync \"$d/armed\" \"$d\"\n"
    "  systemctl stop clusterctl-revert.timer 2>/dev/null || :\n"
    "  systemd-run -q --collect --unit=clusterctl-revert --on-active=\"${CONFIRM_S:-" DEADMAN_SECONDS
    "}\" --timer-property=AccuracySec=1s \\\n"
    "    -p KillMode=process /bin/sh \"$d/run\" revert\n"
    "}\n";

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        script_addf(s, "ob_confirm %zu\n", list[i]->index);
}

static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    (void)want, (void)a, (void)value, (void)e;
    if (!strcmp(field, "pending"))
        have->confirm.pending = true;
    return 0;
}

/* Pending from a run that was cut off, or about to be. */
static bool is_needed(const struct plan *p, const struct resource *have)
{
    for (size_t i = 0; i < p->steps.n; i++)
        if (p->steps.v[i].want->type == RES_NETWORK && p->steps.v[i].todo & STEP_NETWORK_LIVE)
            return true;
    return have->confirm.pending;
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    if (!is_needed(p, have))
        return;
    struct step *s = plan_step(p, want, have, IMPACT_NONE,
                               "confirm the network over itself, else it is taken back");
    s->hint = DEADMAN_HINT;
}

static void apply(struct script *s, const struct step *step)
{
    (void)step;
    script_add(s, "net_confirm\n");
}

const struct res_ops res_confirm_ops = {"confirm", functions, observe, parse, diff, apply};
