#include "engine/guard.h"

#include <string.h>

#include "base/clock.h"
#include "engine/fw_firewalld.h"
#include "engine/remote.h"
#include "engine/restype.h"

#define GUARD_DIR "/var/lib/clusterctl/guard"
#define BOOT_UNIT "/etc/systemd/system/clusterctl-guard-boot.service"
#define BOOT_WANTS "/etc/systemd/system/sysinit.target.wants"
#define BOOT_LINK BOOT_WANTS "/clusterctl-guard-boot.service"

/*
 * In GUARD_DIR:
 *
 *   list, old/N          "N PATH" a line, and the files (none: there was none)
 *   units                "UNIT active|inactive|... enabled|disabled|..."
 *   sysctls, addresses   "KEY VALUE"; "ADDRESS INTERFACE" of those that were not there
 *   nft; ip4, ip6        the packet filter; in iptables' words where nft cannot say it all
 *   firewall             the daemon that must take its files up again: ufw, firewalld
 *   beat                 the uptime of the last sign of life
 *   armed                all this is to be given back. Whoever renames it decides: to "confirmed",
 *                        or to "reverting" until that is done, and then to "reverted"
 *   run                  does the work, outside of any session: run watch SECONDS|revert|boot
 */
static const char functions[] =
    "D=" GUARD_DIR " G=\n"
    "guard_open() {\n"
    "  [ ! -e \"$D/list\" ] || return 0\n"
    "  (umask 077; mkdir -p \"$D/old\"; cd \"$D\"; : >units; : >sysctls; : >addresses\n"
    "    if command -v nft >/dev/null; then { echo 'flush ruleset'; nft list ruleset; } >nft; fi\n"
    "    if [ ! -e nft ] || grep -qE '(^|[ #])xt[_ ]' nft; then\n"
    "      rm -f nft\n"
    "      if command -v iptables-save >/dev/null; then iptables-save >ip4; ip6tables-save >ip6; fi\n"
    "    fi\n"
    "    : >list)\n"
    "}\n"
    "guard_file() {\n" /* PATH */
    "  guard_open\n"
    "  while read -r n p; do [ \"$p\" != \"$1\" ] || return 0; done <\"$D/list\"\n"
    "  n=$(wc -l <\"$D/list\")\n"
    "  [ ! -e \"$1\" ] || { cp -p \"$1\" \"$D/old/$n\"; sync \"$D/old/$n\"; }\n"
    "  printf '%s %s\\n' \"$n\" \"$1\" >>\"$D/list\"; sync \"$D/list\"\n"
    "}\n"
    "guard_unit() {\n" /* UNIT */
    "  guard_open\n"
    "  while read -r u l; do [ \"$u\" != \"$1\" ] || return 0; done <\"$D/units\"\n"
    "  a=$(systemctl is-active \"$1\" 2>/dev/null || :)\n"
    "  e=$(systemctl is-enabled \"$1\" 2>/dev/null || :)\n"
    "  printf '%s %s %s\\n' \"$1\" \"${a:-unknown}\" \"${e:-unknown}\" >>\"$D/units\"\n"
    "}\n"
    "guard_sysctl() {\n" /* KEY */
    "  guard_open\n"
    "  while read -r k l; do [ \"$k\" != \"$1\" ] || return 0; done <\"$D/sysctls\"\n"
    "  v=$(sysctl -n \"$1\" 2>/dev/null) || return 0\n"
    "  printf '%s %s\\n' \"$1\" \"$v\" >>\"$D/sysctls\"\n"
    "}\n"
    "guard_address() {\n" /* ADDRESS/PREFIX INTERFACE */
    "  guard_open\n"
    "  [ -n \"$(ip -o addr show dev \"$2\" to \"$1\")\" ] ||\n"
    "    printf '%s %s\\n' \"$@\" >>\"$D/addresses\"\n"
    "}\n"
    "guard_firewall() {\n" /* BACKEND */
    "  guard_open; printf '%s\\n' \"$1\" >\"$D/firewall\"\n"
    "  case $1 in\n"
    "  ufw) for f in /etc/ufw/*.rules /etc/ufw/ufw.conf; do guard_file \"$f\"; done ;;\n"
    "  firewalld) guard_file /etc/firewalld/zones/public.xml; guard_file " FW_FIREWALLD_LIST "\n"
    "    find /etc/firewalld -type f | while read -r f; do guard_file \"$f\"; done ;;\n"
    "  iptables) guard_file /etc/sysconfig/iptables; guard_file /etc/sysconfig/ip6tables ;;\n"
    "  nftables) guard_file /etc/nftables.conf ;;\n"
    "  esac\n"
    "  for i in ufw firewalld nftables iptables ip6tables netfilter-persistent; do\n"
    "    ! systemctl cat \"$i.service\" >/dev/null 2>&1 || guard_unit \"$i.service\"; done\n"
    "}\n"
    "guard_beat() { read -r u l </proc/uptime; echo \"${u%.*}\" >\"$D/beat\"; }\n"
    "guard_check() {\n"
    "  [ -n \"$G\" ] || return 0\n"
    "  [ -e \"$D/armed\" ] || {\n"
    "    echo '-- no confirmation came in time: the host has taken its changes back'; return 1; }\n"
    "  guard_beat\n"
    "}\n";

static const char arming[] =
    "guard_script() {\n"
    "  cat <<'EOF'\n"
    "export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
    "d=" GUARD_DIR "\n"
    "files() {\n"
    "  while read -r n path; do\n"
    "    t=${path%/*}/.${path##*/}.clusterctl-tmp\n"
    "    if [ -e \"$d/old/$n\" ]; then\n"
    "      mkdir -p \"${path%/*}\"\n"
    "      cp -p \"$d/old/$n\" \"$t\" && sync \"$t\" && mv -f \"$t\" \"$path\"\n"
    "    else rm -f \"$path\"; fi\n"
    "  done <\"$d/list\"\n"
    "}\n"
    /* A listing that nft does not take back changes nothing: then what a boot would give. */
    "filter() {\n"
    "  [ ! -e \"$d/nft\" ] || nft -f \"$d/nft\" || {\n"
    "    nft flush ruleset; [ ! -r /etc/nftables.conf ] || nft -f /etc/nftables.conf; }\n"
    "  [ ! -e \"$d/ip4\" ] || { iptables-restore <\"$d/ip4\"; ip6tables-restore <\"$d/ip6\"; }\n"
    "}\n"
    "live() {\n"
    "  while read -r k v; do sysctl -qw \"$k=$v\"; done <\"$d/sysctls\"\n"
    "  while read -r a i; do ip addr del \"$a\" dev \"$i\"; done <\"$d/addresses\"\n"
    "}\n"
    /* Those that are new go while their files are still there. */
    "units_new() {\n"
    "  while read -r u a e; do\n"
    "    case $a in active | reloading | activating) ;; *) systemctl stop \"$u\" ;; esac\n"
    "    case $e in enabled* | static | alias | generated) ;;\n"
    "    *) systemctl disable -q \"$u\" ;; esac\n"
    "  done <\"$d/units\"\n"
    "}\n"
    "units_old() {\n"
    "  systemctl daemon-reload\n"
    "  while read -r u a e; do\n"
    "    [ \"$e\" != enabled ] || systemctl enable -q \"$u\"\n"
    "    case $u in ufw.service | nftables.service) ;; *)\n"
    "      case $a in active | reloading | activating)\n"
    "        systemctl reload-or-restart \"$u\" ;; esac ;;\n"
    "    esac\n"
    "    rm -f \"/var/lib/clusterctl/pending/$u\".*\n"
    "  done <\"$d/units\"\n"
    "  f=; [ ! -e \"$d/firewall\" ] || read -r f <\"$d/firewall\"\n"
    "  case $f in\n"
    "  ufw) if grep -qi '^ENABLED=yes' /etc/ufw/ufw.conf; then ufw --force enable\n"
    "    else ufw disable; fi ;;\n"
    "  firewalld) systemctl restart firewalld ;;\n"
    "  esac\n"
    "}\n"
    "undone() {\n"
    "  rm -f " BOOT_UNIT " " BOOT_LINK "\n"
    "  mv -f \"$d/reverting\" \"$d/reverted\"; sync \"$d\"\n"
    "}\n"
    "case $1 in\n"
    "watch) while [ -e \"$d/armed\" ]; do\n"
    "    sleep 1; read -r up x </proc/uptime; read -r b <\"$d/beat\" || continue\n"
    "    [ $((${up%.*} - b)) -lt \"$2\" ] || break; done\n"
    "  [ ! -e \"$d/armed\" ] || sh \"$0\" revert ;;\n"
    /* The packet filter first: the rest may take long. And last, as units have made theirs. */
    "revert) mv \"$d/armed\" \"$d/reverting\" || exit 0\n"
    "  filter; live; units_new; files; units_old; filter; undone ;;\n"
    "boot) files; mv -f \"$d/armed\" \"$d/reverting\"; undone ;;\n"
    "esac\n"
    "EOF\n"
    "}\n"
    "guard_arm() {\n" /* SECONDS */
    "  guard_open; guard_beat\n"
    "  [ ! -e \"$D/armed\" ] || return 0\n"
    "  guard_script >\"$D/run\"\n"
    "  cat >" BOOT_UNIT " <<EOF\n"
    "[Unit]\n"
    "Description=Take back changes that were not confirmed (clusterctl)\n"
    "DefaultDependencies=no\n"
    "RequiresMountsFor=/etc /var/lib\n"
    "After=local-fs.target\n"
    "Before=sysinit.target network-pre.target nftables.service ufw.service iptables.service ip6tables.service\n"
    "Before=systemd-sysctl.service\n"
    "Wants=network-pre.target\n"
    "ConditionPathExists=|$D/armed\n"
    "ConditionPathExists=|$D/reverting\n"
    "[Service]\n"
    "Type=oneshot\n"
    "ExecStart=/bin/sh $D/run boot\n"
    "EOF\n"
    "  mkdir -p " BOOT_WANTS "; ln -sf " BOOT_UNIT " " BOOT_LINK "\n"
    "  find \"$D\" " BOOT_UNIT " " BOOT_WANTS " -exec sync {} +\n"
    "  : >\"$D/armed\"; sync \"$D/armed\" \"$D\"\n"
    "  systemctl stop clusterctl-guard.service 2>/dev/null || :\n"
    "  systemd-run -q --collect --unit=clusterctl-guard -p KillMode=process \\\n"
    "    /bin/sh \"$D/run\" watch \"$1\"\n"
    "}\n";

static const char confirming[] =
    "guard_confirm() {\n"
    "  D=" GUARD_DIR "\n"
    "  if ! mv \"$D/armed\" \"$D/confirmed\" 2>/dev/null; then\n"
    "    [ ! -e \"$D/reverting\" ] && [ ! -e \"$D/reverted\" ]; return; fi\n"
    "  systemctl stop clusterctl-guard.service 2>/dev/null || :\n"
    "  rm -f " BOOT_UNIT " " BOOT_LINK "; rm -rf \"$D\"\n"
    "}\n"
    "guard_begin() {\n"
    "  D=" GUARD_DIR "\n"
    "  for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do\n"
    "    [ -e \"$D/reverting\" ] || break; sleep 1; done\n"
    "  [ ! -e \"$D/armed\" ] || guard_confirm || :\n"
    "  [ ! -e \"$D\" ] || [ -e \"$D/reverting\" ] || rm -rf \"$D\"\n"
    "}\n";

void guard_setup(struct script *s, unsigned seconds)
{
    /* Also without the option: an earlier run's may be pending. */
    script_add(s, confirming);
    script_add(s, "guard_begin </dev/null\n");
    if (!seconds)
        return;
    script_add(s, functions);
    script_add(s, arming);
    script_addf(s, "CONFIRM_S=%u\n", seconds);
}

static void call(struct script *s, const char *function, const char *a, const char *b)
{
    script_add(s, function);
    script_arg(s, a);
    if (b)
        script_arg(s, b);
    script_add(s, "\n");
}

bool guard_is_risky(const struct step *step)
{
    switch (step->want->type) {
    case RES_FIREWALL:
    case RES_SERVICE:
    case RES_SYSCTL:
    case RES_ADDRESS: return true;
    default: return false;
    }
}

void guard_before(struct script *s, const struct step *step, unsigned seconds)
{
    static const char *const backends[] = {"none", "firewalld", "ufw", "iptables", "nftables"};
    const struct resource *w = step->want;
    script_add(s, "guard_check\n");
    if (w->gone) { /* what comes back is still ours, with the way back */
        autosb struct strbuf orig = {0};
        sb_addf(&orig, OWNED_ORIG "%s", w->key);
        call(s, "guard_file", OWNED_FILE, NULL);
        if (w->type == RES_FILE || w->type == RES_BLOCK)
            call(s, "guard_file", sb_str(&orig), NULL);
    }
    switch (w->type) {
    case RES_FILE:
    case RES_BLOCK:
        call(s, "guard_file", w->key, NULL);
        if (w->notify)
            call(s, "guard_unit", w->notify, NULL);
        break;
    case RES_SERVICE: call(s, "guard_unit", w->key, NULL); break;
    case RES_SYSCTL: call(s, "guard_sysctl", w->key, NULL); break;
    case RES_ADDRESS:
        call(s, "guard_address", w->key, w->gone ? w->gone->arg : w->address.interface);
        break;
    case RES_SELINUX: call(s, "guard_file", "/etc/selinux/config", NULL); break;
    case RES_FIREWALL: /* of one that goes, the backend is not known; the filter in force is kept */
        call(s, "guard_firewall", backends[w->gone ? FW_NFTABLES : step->have->firewall.backend],
             NULL);
        break;
    default: break;
    }
    if (guard_is_risky(step))
        script_addf(s, "guard_arm %u\n", seconds);
}

void guard_after(struct script *s)
{
    script_add(s, "if [ -e \"$D/armed\" ]; then G=1; guard_beat; fi\n");
}

void guard_confirmed(struct script *s)
{
    script_add(s, "G=\n");
}

static int on_answer(void *ud, char *kind, char *rest, struct err *e)
{
    (void)e;
    if (!strcmp(kind, "r"))
        *(bool *)ud = !strcmp(rest, "confirmed");
    return 0;
}

static int confirm_once(const struct host *h, const struct ssh_cancel *cancel, bool *confirmed,
                        struct err *e)
{
    struct script s;
    struct ssh *ssh = ssh_connect(h, cancel, e);
    enum { LIMIT_MS = 30 * 1000 };
    if (!ssh)
        return -1;
    int rc = script_init(&s, e);
    if (rc == 0) {
        script_prelude(&s);
        script_add(&s, confirming);
        script_add(&s, "{ guard_confirm && r confirmed || r late\n} </dev/null\n");
        script_end(&s);
        rc = remote_run(ssh, &s, &(struct remote_handler){on_answer, confirmed},
                        deadline_in(LIMIT_MS), e);
        script_free(&s);
    }
    ssh_close(ssh);
    return rc;
}

int guard_confirm(const struct host *h, const struct ssh_cancel *cancel, unsigned seconds,
                  struct err *e)
{
    enum { AGAIN_MS = 500 };
    int64_t deadline = deadline_in((int64_t)seconds * 1000);
    bool confirmed = false;
    while (confirm_once(h, cancel, &confirmed, e) < 0) {
        if (e->code != ERR_UNREACHABLE || deadline_left(deadline) == 0) {
            err_wrap(e, "its changes could not be confirmed, and it takes them back");
            return err_hint(e, "they would cut you off; they were not confirmed within %u s",
                            seconds);
        }
        ssh_cancelled(cancel, AGAIN_MS); /* the next try says so */
        *e = (struct err){0};
    }
    if (confirmed)
        return 0;
    err_set(e, ERR_FAILED, "%s: the host has taken its changes back: no confirmation came within "
                           "%u s", h->name, seconds);
    return err_hint(e, "what was changed cut you off, or the time is too short for this host");
}
