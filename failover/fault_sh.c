#include "failover/fault_sh.h"

#include <stdio.h>
#include <string.h>

#include "base/quote.h"
#include "engine/paths.h"

static void fixed(struct strbuf *out, const char *commands)
{
    sb_add(out, commands);
}

/* systemctl(1): SIGKILL to every process of the unit, children too: no process says goodbye. */
#define UNIT(name, verb, unit)                                                                     \
    static void name(struct strbuf *out, const struct fault *f, const struct host_result *site)    \
    {                                                                                              \
        (void)f;                                                                                   \
        (void)site;                                                                                \
        fixed(out, "systemctl " verb " " unit "\n");                                               \
    }
UNIT(keepalived_stop, "stop", "keepalived.service")
UNIT(keepalived_kill, "kill -s KILL", "keepalived.service")
UNIT(keepalived_start, "start", "keepalived.service")
UNIT(nginx_stop, "stop", "nginx.service")
UNIT(nginx_kill, "kill -s KILL", "nginx.service")
UNIT(nfs_stop, "stop", "nfs-server.service")
UNIT(nfs_restart, "restart", "nfs-server.service")
UNIT(nfs_start, "start", "nfs-server.service")
#undef UNIT

/* A unit that was killed may be in the failed state, or at its start limit. */
static void nginx_start(struct strbuf *out, const struct fault *f, const struct host_result *site)
{
    (void)f;
    (void)site;
    fixed(out, "systemctl reset-failed nginx.service 2>/dev/null\nsystemctl start nginx.service\n");
}

static void keepalived_revive(struct strbuf *out, const struct fault *f,
                              const struct host_result *site)
{
    fixed(out, "systemctl reset-failed keepalived.service 2>/dev/null\n");
    keepalived_start(out, f, site);
}

/*
 * The cable's effect with the link up, as when a switch fails: every frame, ARP too, is dropped in
 * both directions, and taking that away leaves addresses and routes as they were. Filters of a clsact
 * qdisc are tried in the order of their preference: ours are of the first. A qdisc that was there
 * stays, with its filters; where somebody else has filters of that preference we touch nothing.
 * `cut` is there once what has that preference is ours, `cut-qdisc` when the qdisc is ours too.
 */
#define CUT_PREF "1"

static const char cut_sh[] =
    "tc qdisc show dev \"$dev\" | grep -q '^qdisc clsact ' || {\n"
    "  : >cut-qdisc; tc qdisc add dev \"$dev\" clsact || { rm cut-qdisc; false; }; }\n"
    "for way in ingress egress; do\n"
    "  if tc filter show dev \"$dev\" $way | grep -q ' pref " CUT_PREF " '; then\n"
    "    echo \"a tc filter of preference " CUT_PREF " is there already ($way): tc filter show dev "
    "$dev $way\"\n"
    "    false\n"
    "  fi\n"
    "done\n"
    ": >cut\n"
    "tc filter add dev \"$dev\" ingress pref " CUT_PREF " matchall action drop\n"
    "tc filter add dev \"$dev\" egress pref " CUT_PREF " matchall action drop\n";

/* Filters that somebody has added to our qdisc since then keep it. */
static const char mend_sh[] =
    "for way in ingress egress; do\n"
    "  [ ! -e cut ] || tc filter del dev \"$dev\" $way pref " CUT_PREF "\n"
    "done 2>/dev/null\n"
    "if [ -e cut-qdisc ] && [ -z \"$(tc filter show dev \"$dev\" ingress;\n"
    "    tc filter show dev \"$dev\" egress)\" ]; then tc qdisc del dev \"$dev\" clsact; fi\n"
    "rm -f cut cut-qdisc\n";

static void on_interface(struct strbuf *out, const struct host_result *site, const char *commands)
{
    sb_add(out, "dev=");
    quote_sh(out, site->facts.interface);
    sb_addc(out, '\n');
    sb_add(out, commands);
}

static void net_cut(struct strbuf *out, const struct fault *f, const struct host_result *site)
{
    (void)f;
    on_interface(out, site, cut_sh);
}

static void net_mend(struct strbuf *out, const struct fault *f, const struct host_result *site)
{
    (void)f;
    on_interface(out, site, mend_sh);
}

static void hand_over(struct strbuf *out, const struct fault *f, const struct host_result *site)
{
    (void)f;
    (void)site;
    sb_add(out, HAND_OVER_SH "\nsleep 0.5\n" SYNC_USUAL_SH "\n");
}

static void take_back(struct strbuf *out, const struct fault *f, const struct host_result *site)
{
    (void)f;
    (void)site;
    sb_add(out, "echo 0 >" HANDOVER_FILE "\n" SYNC_USUAL_SH "\n");
}

/* Weight 0: no new connections, and those that are there go on (ipvsadm(8), --weight). */
static void weight(struct strbuf *out, const struct fault *f, unsigned value)
{
    char vip[IPADDR_STRLEN], rs[IPADDR_STRLEN];
    sb_addf(out, "ipvsadm -e -t %s:%u -r %s:%u -g -w %u\n", ipaddr_str(&f->service->vip, vip),
            f->service->port, ipaddr_str(&f->host->address, rs), f->service->port, value);
}

static void drain(struct strbuf *out, const struct fault *f, const struct host_result *site)
{
    (void)site;
    weight(out, f, 0);
}

static void undrain(struct strbuf *out, const struct fault *f, const struct host_result *site)
{
    (void)site;
    weight(out, f, f->host->weight);
}

static const struct fault_kind kinds[SCENARIO_N] = {
    [DIRECTOR_HANDOVER] = {NULL, hand_over, take_back, false, false},
    [DIRECTOR_STOP] = {NULL, keepalived_stop, keepalived_revive, false, false},
    [DIRECTOR_KILL] = {NULL, keepalived_kill, keepalived_revive, false, false},
    [DIRECTOR_ISOLATE] = {NULL, net_cut, net_mend, true, false},
    [DIRECTOR_RETURN] = {keepalived_stop, keepalived_start, keepalived_revive, false, false},
    [RS_DRAIN] = {NULL, drain, undrain, false, true},
    [RS_STOP] = {NULL, nginx_stop, nginx_start, false, false},
    [RS_KILL] = {NULL, nginx_kill, nginx_start, false, false},
    [RS_ISOLATE] = {NULL, net_cut, net_mend, true, false},
    [NFS_RESTART] = {NULL, nfs_restart, nfs_start, false, false},
    [NFS_STOP] = {NULL, nfs_stop, nfs_start, false, false},
};

const struct fault_kind *fault_kind(const struct scenario *s)
{
    return &kinds[s->id];
}

/*
 * fi_arm SECONDS: arm the timer and set the fault going, both as units of systemd's, outside of
 * this session. AccuracySec: systemd.timer(5) would let a minute pass. Where the timer cannot be set
 * what was prepared under an earlier one is undone on the spot: nothing else would do it.
 */
static const char arm_sh[] =
    "d=" FAULT_DIR "\n"
    "fi_arm() {\n"
    "  systemctl stop clusterctl-fault-undo.timer 2>/dev/null\n"
    "  : >$d/armed\n"
    "  systemd-run -q --collect --unit=clusterctl-fault-undo -p Type=oneshot --on-active=\"$1\" "
    "\\\n"
    "    --timer-property=AccuracySec=50ms /bin/sh $d/undo || {\n"
    "    sh $d/undo >/dev/null 2>&1\n"
    "    r no 'systemd-run cannot set the timer that undoes it'; return; }\n"
    "  r armed\n"
    "  systemd-run -q --collect --unit=clusterctl-fault /bin/sh $d/fault && r injected ||\n"
    "    r no 'systemd-run cannot start it'\n"
    "}\n"
    "fi_free() {\n" /* FIRST: nobody else is at work here. Else: what was prepared still holds. */
    "  if [ -n \"$1\" ]; then [ ! -e $d/armed ] || {\n"
    "    r no 'another failover test is at work on this host'; return 1; }\n"
    "  else [ -e $d/armed ] || {\n"
    "    r no 'what was prepared has been undone meanwhile'; return 1; }; fi\n"
    "  flock -n " LOCK_FILE " true || { r no 'a deploy is at work on this host'; return 1; }\n"
    "}\n";

/*
 * Both scripts begin with this. The fault begins a moment after the answer has left, as it may cut
 * the line that the answer takes; the stamps tell when it did.
 */
#define SCRIPT_HEAD "export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin\ncd " FAULT_DIR "\n"
#define STAMP(file) "date +%s%N >" file "\n"

static const char fault_head[] = SCRIPT_HEAD "sleep 0.2\n" STAMP("began") "(set -e\n";
static const char fault_tail[] = ") >log 2>&1\necho $? >rc\n" STAMP("ended");
/* A fault that is still on its way must not arrive after it was undone. */
static const char undo_head[] =
    SCRIPT_HEAD "[ -e armed ] || exit 0\n"
                "systemctl stop clusterctl-fault.service 2>/dev/null\n" STAMP("undone");
static const char undo_tail[] = "rm -f armed\n";

static void write_sh(struct script *s, const char *file, const char *head,
                     const struct strbuf *body, const char *tail)
{
    script_addf(s, "cat >$d/%s <<'END-OF-SCRIPT'\n", file);
    script_add(s, head);
    script_add(s, sb_str(body));
    script_add(s, tail);
    script_add(s, "END-OF-SCRIPT\n");
}

void fault_arm_sh(struct script *s, const struct fault *f, const struct host_result *site,
                  bool preparing, unsigned after_s)
{
    const struct fault_kind *k = fault_kind(f->scenario);
    autosb struct strbuf make = {0}, undo = {0};
    (preparing ? k->prepare : k->make)(&make, f, site);
    k->undo(&undo, f, site);
    script_add(s, "(umask 077; mkdir -p " RUN_DIR ")\n");
    script_add(s, arm_sh);
    /* What was prepared is armed by ourselves: the fault replaces it. */
    script_addf(s, "if fi_free %s; then\n", k->prepare && !preparing ? "''" : "first");
    script_add(s, "rm -rf $d; (umask 077; mkdir $d)\n");
    write_sh(s, "fault", fault_head, &make, fault_tail);
    write_sh(s, "undo", undo_head, &undo, undo_tail);
    script_addf(s, "fi_arm %u </dev/null\nfi\n", after_s);
}

const char fault_undo_sh[] =
    "d=" FAULT_DIR "\n"
    "if [ -e $d/armed ]; then systemctl start clusterctl-fault-undo.service 2>/dev/null ||\n"
    "  sh $d/undo; fi </dev/null\n"
    "systemctl stop clusterctl-fault-undo.timer 2>/dev/null </dev/null\n"
    "for f in began ended undone; do [ -r $d/$f ] && read -r l <$d/$f && r $f \"$l\"; done\n"
    "l=; [ -r $d/rc ] && read -r l <$d/rc\n"
    "[ \"${l:-0}\" = 0 ] || { l=; read -r l <$d/log; r failed \"$l\"; }\n"
    "[ ! -e $d/armed ] || r still\n"
    "rm -rf $d\n";
