#include "engine/deadman.h"

/*
 * Everything lies in /var/lib/clusterctl/network:
 *
 *   list, old/N, new/N   "N PATH" a line, and the files (none: the file does not exist)
 *   run                  does the work, outside of any session: run files|apply|revert|boot
 *   armed                the change is to be taken back. Whoever renames it decides: to "confirmed",
 *                        or to "reverting" until that is done
 *
 * A boot forgets the timer, so a unit of ours takes the files back before the network comes up.
 * KillMode=process: a DHCP client that an old configuration starts must outlive the unit.
 *
 * ifdown is given the old files. It does not take away what it does not know of, so our address with
 * another prefix and the old default route go by hand; other addresses stay.
 */
const char deadman_functions[] =
    "ob_network() {\n" /* INDEX IFACE ADDRESS STACK PATH */
    "  ip -o -4 addr show dev \"$2\" to \"$3/32\" | while read -r n i f a l; do\n"
    "    case $l in *'valid_lft forever'*) ;; *) a=\"$a (leased)\" ;; esac\n"
    "    r \"$1\" address \"$a\"; done\n"
    "  ip -4 route show default dev \"$2\" | while read -r d v g l; do\n"
    "    [ \"$v\" = via ] || g=direct; r \"$1\" gateway \"$g\"; done\n"
    "  case $4 in\n"
    "  ifupdown) set -- \"$1\" /etc/network/interfaces /etc/network/interfaces.d/* ;;\n"
    "  *) read -r n <\"/sys/class/net/$2/ifindex\"\n"
    "    r \"$1\" in_force \"$(sed -n 's/^NETWORK_FILE=//p' \"/run/systemd/netif/links/$n\")\"\n"
    "    set -- \"$1\" \"$5\" ;;\n"
    "  esac\n"
    "  n=$1; shift\n"
    "  for f; do case $f in *[[:space:]]*) continue ;; esac; [ -f \"$f\" ] || continue\n"
    "    printf '@%s r %s file %s ' \"$N\" \"$n\" \"$f\"; base64 -w 0 \"$f\"; echo; done\n"
    "}\n"
    /* A change that an earlier run left unconfirmed is confirmed by our being here. */
    "net_begin() {\n"
    "  d=/var/lib/clusterctl/network\n"
    "  [ ! -e \"$d/armed\" ] || net_confirm\n"
    "  [ ! -e \"$d/reverting\" ] || {\n"
    "    echo '-- the host is taking an earlier change back at this moment'; return 1; }\n"
    "  net_clean; (umask 077; mkdir -p \"$d/old\" \"$d/new\"; : >\"$d/list\")\n"
    "}\n"
    /* net_stage N PATH OLD <base64 of the new text: OLD is the base64 that was observed, or - */
    "net_stage() {\n"
    "  d=/var/lib/clusterctl/network\n"
    "  [ \"$([ ! -e \"$2\" ] && echo - || base64 -w 0 \"$2\")\" = \"$3\" ] || {\n"
    "    echo \"-- $2 has changed since it was looked at\"; return 1; }\n"
    "  if [ -e \"$2\" ]; then cp -p \"$2\" \"$d/old/$1\"; cp -p \"$2\" \"$d/new/$1\"\n"
    "  else : >\"$d/new/$1\"; chmod 644 \"$d/new/$1\"; fi\n"
    "  base64 -d >\"$d/new/$1\"\n"
    "  printf '%s %s\\n' \"$1\" \"$2\" >>\"$d/list\"\n"
    "}\n"
    "net_script() {\n" /* IFACE ADDRESS LIVE STACK */
    "  printf 'i=%s a=%s l=%s k=%s\\n' \"$@\"\n"
    "  cat <<'EOF'\n"
    "export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
    "d=/var/lib/clusterctl/network\n"
    "files() {\n"
    "  while read -r n path; do\n"
    "    t=${path%/*}/.${path##*/}.clusterctl-tmp\n"
    "    if [ -e \"$d/$1/$n\" ]; then\n"
    "      mkdir -p \"${path%/*}\" && cp -p \"$d/$1/$n\" \"$t\" && sync \"$t\" && mv -f \"$t\" \"$path\" ||\n"
    "        return 1\n"
    "    else rm -f \"$path\"; fi\n"
    "    sync \"${path%/*}\"\n"
    "  done <\"$d/list\"\n"
    "}\n"
    "down() {\n"
    "  [ \"$k\" = ifupdown ] || return 0\n"
    "  ifdown --force \"$i\"\n"
    "  ip -o -4 addr show dev \"$i\" to \"$a/32\" | while read -r n j f x y; do\n"
    "    ip addr del \"$x\" dev \"$i\"; done\n"
    "  while ip -4 route del default dev \"$i\" 2>/dev/null; do :; done\n"
    "}\n"
    "up() {\n"
    "  if [ \"$k\" = ifupdown ]; then ifup --force \"$i\"; return; fi\n"
    "  networkctl reload && networkctl reconfigure \"$i\"\n"
    "}\n"
    "there() {\n" /* as networkctl does not wait */
    "  for t in 1 2 3 4 5 6 7 8 9 10; do\n"
    "    case \" $(ip -o -4 addr show dev \"$i\" to \"$a/32\" scope global) \" in\n"
    "    *\" $l \"*) return 0 ;; esac; sleep 1; done\n"
    "  echo \"-- $l has not come up on $i\"; return 1\n"
    "}\n"
    "undone() {\n"
    "  rm -f /etc/systemd/system/clusterctl-revert-boot.service \\\n"
    "    /etc/systemd/system/sysinit.target.wants/clusterctl-revert-boot.service\n"
    "  rm -f \"$d/armed\" \"$d/reverting\"; sync \"$d\"\n"
    "}\n"
    "case $1 in\n"
    "files) files new ;;\n"
    "apply) down; files new && up && there ;;\n"
    "revert) mv \"$d/armed\" \"$d/reverting\" || exit 0\n"
    "  down; files old; up || { sleep 5; up; }; undone ;;\n"
    "boot) files old; undone ;;\n"
    "esac\n"
    "EOF\n"
    "}\n"
    "net_away() {\n" /* run's verb, in a unit of its own, waited for */
    "  o=/run/clusterctl/network.log; : >\"$o\"\n"
    "  systemd-run -q --collect --wait --unit=\"clusterctl-network-$1\" -p KillMode=process \\\n"
    "    -p StandardOutput=append:\"$o\" -p StandardError=append:\"$o\" \\\n"
    "    /bin/sh /var/lib/clusterctl/network/run \"$1\"\n"
    "}\n"
    "net_change() {\n" /* MODE IFACE ADDRESS LIVE STACK */
    "  d=/var/lib/clusterctl/network; m=$1; shift\n"
    "  net_script \"$@\" >\"$d/run\"\n"
    "  if [ \"$m\" = files ]; then sh \"$d/run\" files && net_clean; return; fi\n"
    "  net_arm \"$1\"\n"
    "  net_away apply || {\n"
    "    cat \"$o\"; echo '-- taking the change back'; net_away revert || :; cat \"$o\"\n"
    "    systemctl stop clusterctl-revert.timer 2>/dev/null; return 1; }\n"
    "}\n";
