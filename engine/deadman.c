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
 *   stack                the shell of what manages the interface (netstack.h)
 */
const char deadman_functions[] =
    "ob_network() {\n" /* INDEX IFACE ADDRESS PATH */
    "  ip -o -4 addr show dev \"$2\" to \"$3/32\" | while read -r n i f a l; do\n"
    "    case $l in *'valid_lft forever'*) ;; *) a=\"$a (leased)\" ;; esac\n"
    "    r \"$1\" address \"$a\"; done\n"
    "  ip -4 route show default dev \"$2\" | while read -r d v g l; do\n"
    "    [ \"$v\" = via ] || g=direct; r \"$1\" gateway \"$g\"; done\n"
    "  stack_files \"$1\" \"$2\" \"$4\"\n"
    "}\n"
    "net_content() {\n" /* INDEX PATH */
    "  [ -f \"$2\" ] || return 0\n"
    "  printf '@%s r %s content ' \"$N\" \"$1\"; base64 -w 0 \"$2\"; echo\n"
    "}\n"
    /* A change that an earlier run left unconfirmed is confirmed by our being here. */
    "net_begin() {\n"
    "  d=/var/lib/clusterctl/network\n"
    "  [ ! -e \"$d/armed\" ] || net_confirm\n"
    "  [ ! -e \"$d/reverting\" ] || {\n"
    "    echo '-- the host is taking an earlier change back at this moment'; return 1; }\n"
    "  net_clean; (umask 077; mkdir -p \"$d/old\" \"$d/new\"; : >\"$d/list\")\n"
    "}\n"
    /* net_stage N PATH MODE OLD <base64 of the new text: OLD is the base64 that was observed, or - */
    "net_stage() {\n"
    "  d=/var/lib/clusterctl/network\n"
    "  [ \"$([ ! -e \"$2\" ] && echo - || base64 -w 0 \"$2\")\" = \"$4\" ] || {\n"
    "    echo \"-- $2 has changed since it was looked at\"; return 1; }\n"
    "  if [ -e \"$2\" ]; then cp -p \"$2\" \"$d/old/$1\"; cp -p \"$2\" \"$d/new/$1\"\n"
    "  else : >\"$d/new/$1\"; chmod \"$3\" \"$d/new/$1\"; fi\n"
    "  base64 -d >\"$d/new/$1\"\n"
    "  printf '%s %s\\n' \"$1\" \"$2\" >>\"$d/list\"\n"
    "}\n"
    "net_stack() {\n" /* PATH <shell */
    "  d=/var/lib/clusterctl/network; printf '%s\\n' \"$1\" >\"$d/ours\"; cat >\"$d/stack\"\n"
    "}\n"
    "net_script() {\n" /* IFACE ADDRESS LIVE */
    "  printf 'i=%s a=%s l=%s\\n' \"$@\"\n"
    "  cat <<'EOF'\n"
    "export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
    "d=/var/lib/clusterctl/network\n"
    "IFS= read -r f <\"$d/ours\"\n"
    ". \"$d/stack\"\n"
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
    "there() {\n" /* who manages it need not have waited for it */
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
    "files) files new && stack_read ;;\n"
    "apply) stack_down; files new && stack_up new && there ;;\n"
    "revert) mv \"$d/armed\" \"$d/reverting\" || exit 0\n"
    "  stack_down; files old; stack_up old || { sleep 5; stack_up old; }; undone ;;\n"
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
    "net_change() {\n" /* MODE IFACE ADDRESS LIVE */
    "  d=/var/lib/clusterctl/network; m=$1; shift\n"
    "  net_script \"$@\" >\"$d/run\"\n"
    "  if [ \"$m\" = files ]; then sh \"$d/run\" files && net_clean; return; fi\n"
    "  net_arm \"$1\"\n"
    "  net_away apply || {\n"
    "    cat \"$o\"; echo '-- taking the change back'; net_away revert || :; cat \"$o\"\n"
    "    systemctl stop clusterctl-revert.timer 2>/dev/null; return 1; }\n"
    "}\n";
