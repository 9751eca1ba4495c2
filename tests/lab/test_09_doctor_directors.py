"""doctor on the directors: each fault is made for real, and doctor names its cause and no other.

One cluster for the whole file: every test undoes its own fault, by hand or by doctor --fix."""
import contextlib
import json
import shlex

import pytest
from conftest import (DIRECTORS, REAL_SERVERS, VIP, alternates, clusterctl, everywhere,
                      has_snapshot, lab, operator, pages, reset, serving, ssh, vip_holders, wait_for)

CONF = "/etc/keepalived/keepalived.conf"
ACTIVE, STANDBY = "LVS-master", "LVS-node01"
APT = "DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends"


@pytest.fixture(scope="module", autouse=True)
def cluster():
    if not has_snapshot("deployed"):
        lab("packages")
        clusterctl("deploy")
        lab("snapshot", "deployed")
    reset("deployed")
    clusterctl("deploy", "--quiet")
    serving()
    everywhere(f"{APT} nftables >/dev/null", DIRECTORS + REAL_SERVERS[:1])
    yield


@pytest.fixture(autouse=True)
def from_scratch_after_a_failure(request, cluster):
    """A fault that its test did not get to undo must not fail the next ones too."""
    before = request.session.testsfailed
    yield
    if request.session.testsfailed > before:
        reset("deployed")
        clusterctl("deploy", "--quiet")
        everywhere(f"{APT} nftables >/dev/null", DIRECTORS + REAL_SERVERS[:1])


def lines(r, kind):
    return [j for j in map(json.loads, r.stdout.splitlines()) if j["type"] == kind]


def examine(*args, expect=1):
    r = clusterctl("doctor", "--quiet", "--output", "json", *args, expect=expect, timeout=300)
    return lines(r, "finding"), [u["text"] for u in lines(r, "unexplained")], r.stdout


def only(cause, host, remedy, *evidence):
    """doctor finds this cause and nothing else."""
    findings, unexplained, out = examine()
    assert [(f["id"], f.get("host")) for f in findings] == [(cause, host)], out
    assert not unexplained, out
    f = findings[0]
    assert f["remedy"] == remedy, f
    said = "\n".join(f["evidence"])
    assert all(e in said for e in evidence), said
    assert f["cause"] and f["fix"], f
    return f


def clean():
    """Within the time that keepalived's checks need; a second doctor that finds nothing."""
    wait_for("doctor finds nothing", lambda: examine(expect=None)[:2] == ([], []), 60)


def fixed():
    """--fix repairs: what is left is nothing, and a second look agrees."""
    r = clusterctl("doctor", "--quiet", "--fix", "--output", "json", timeout=600)
    assert not [f for f in lines(r, "finding") if f["after_fix"]], r.stdout
    assert lines(r, "result")[0]["findings"] == 0
    examine(expect=0)


@contextlib.contextmanager
def fault(host, make, undo):
    ssh(host, make)
    try:
        yield
    finally:
        ssh(host, undo)


def edit(sed, host):
    ssh(host, f"sed -i {shlex.quote(sed)} {CONF} && systemctl reload keepalived && sleep 1")


# Loaded from its file, as administrators do: a deploy keeps its own rules in the same file.
NO_NFTABLES = "nft delete table inet t 2>/dev/null; rm -f /etc/nftables.conf"


def nftables(rule):
    return (f"printf '%s\\n' 'table inet t {{' 'chain in {{' 'type filter hook input priority 0;' "
            f"'{rule}' '}}' '}}' >/etc/nftables.conf && nft -f /etc/nftables.conf")


def test_nothing_is_wrong():
    r = clusterctl("doctor")
    assert "Looked at 5 of 5 hosts" in r.stdout and "nothing is wrong" in r.stdout
    before = everywhere("find /etc /var/lib/clusterctl -newer /run/utmp -type f | sort; nft list ruleset",
                        DIRECTORS)
    clusterctl("doctor")
    assert everywhere("find /etc /var/lib/clusterctl -newer /run/utmp -type f | sort; nft list ruleset",
                      DIRECTORS) == before, "doctor changes nothing"


def test_firewall_drops_adverts():
    with fault(STANDBY, nftables("ip protocol vrrp drop"), NO_NFTABLES):
        wait_for("two masters", lambda: len(vip_holders()) == 2, 20)
        f = only("vrrp.blocked", STANDBY, "deploy", "ip protocol vrrp drop", "inet t in")
        assert any("directors hold the VIP" in s for s in f["symptoms"]), f
        fixed()
        assert len(vip_holders()) == 1
    clusterctl("deploy", "--quiet")


def test_firewall_of_iptables_on_the_way_out():
    ssh(ACTIVE, f"{APT} iptables >/dev/null")
    with fault(ACTIVE, "iptables -A OUTPUT -p 112 -j DROP", "iptables -D OUTPUT -p 112 -j DROP"):
        wait_for("two masters", lambda: len(vip_holders()) == 2, 20)
        f = only("vrrp.blocked", ACTIVE, "manual", "drop")
        assert "on LVS-master:" in f["fix"]
    clean()


def test_other_virtual_router_id():
    edit("s/virtual_router_id .*/virtual_router_id 99/", STANDBY)
    wait_for("two masters", lambda: len(vip_holders()) == 2, 20)
    only("vrrp.mismatch", STANDBY, "deploy", "virtual_router_id 99",
         f"{ACTIVE}: {CONF}: virtual_router_id")
    fixed()


def test_wrong_unicast_peer():
    edit("s/^ *10\\.1\\.1\\.131/        10.1.1.139/", ACTIVE)
    wait_for("two masters", lambda: len(vip_holders()) == 2, 20)
    only("vrrp.mismatch", ACTIVE, "deploy", "10.1.1.139")
    fixed()


def test_one_priority():
    priority = ssh(ACTIVE, f"awk '$1 == \"priority\" {{ print $2 }}' {CONF}").strip()
    edit(f"s/priority .*/priority {priority}/", STANDBY)
    only("vrrp.same-priority", STANDBY, "deploy", f"{STANDBY}: {CONF}: priority {priority}")
    fixed()


def test_backup_configured_as_master():
    """The article's 3.1.4."""
    edit("s/state BACKUP/state MASTER/; s/priority .*/priority 254/; /nopreempt/d", STANDBY)
    only("vrrp.backup-master", STANDBY, "deploy", "state MASTER", "priority 254")
    fixed()


def test_keepalived_stopped_and_killed():
    ssh(ACTIVE, "systemctl stop keepalived")
    only("keepalived.down", ACTIVE, "deploy", "ActiveState=inactive")
    fixed()


def test_vip_left_on_the_standby():
    standby = [h for h in DIRECTORS if h not in vip_holders()][0]
    with fault(standby, f"ip addr add {VIP}/32 dev eth0", f"ip addr del {VIP}/32 dev eth0"):
        f = only("vrrp.stray-vip", standby, "manual", "BACKUP STATE", f"{VIP} on eth0")
        assert f"ip addr del {VIP}/32 dev eth0" in f["fix"]
    operator("ip", "neigh", "flush", "to", VIP)
    clean()


def test_stranger_with_our_virtual_router_id():
    """keepalived on the operator's machine, of the highest priority: the directors fall silent."""
    router_id = ssh(ACTIVE, f"awk '$1 == \"virtual_router_id\" {{ print $2 }}' {CONF}").strip()
    with fault("NFS", f"""cat >/tmp/stranger.conf <<'EOF'
global_defs {{
    vrrp_version 3
}}
vrrp_instance S {{
    state MASTER
    interface eth0
    virtual_router_id {router_id}
    priority 255
    advert_int 0.1
    unicast_src_ip 10.1.1.150
    unicast_peer {{
        10.1.1.130
        10.1.1.131
    }}
    virtual_ipaddress {{
        {VIP}/32 dev lo
    }}
}}
EOF
{APT} keepalived >/dev/null 2>&1
ip addr add 10.1.1.150/24 dev eth0
keepalived -f /tmp/stranger.conf -p /run/stranger.pid""",
               "kill $(cat /run/stranger.pid); ip addr del 10.1.1.150/24 dev eth0; sleep 1"):
        wait_for("nobody holds the VIP", lambda: not vip_holders(), 20)
        f = only("vrrp.vrid-clash", None, "manual", "10.1.1.150")
        assert "10.1.1.150" in f["cause"] and router_id in f["cause"]
    wait_for("the VIP is back", lambda: len(vip_holders()) == 1, 20)
    clean()


def test_auth_pass_too_long():
    edit("s/virtual_router_id/authentication {\\n auth_type PASS\\n auth_pass hunter2hunter2\\n }\\n"
         " virtual_router_id/", STANDBY)
    findings, _, out = examine()
    assert "hunter2" not in out, "the password stays on the host"
    assert [f["id"] for f in findings] == ["keepalived.auth-pass-truncated"], out
    assert "of 14 characters" in "\n".join(findings[0]["evidence"])
    fixed()


def test_keyword_that_is_dropped():
    edit("s/garp_master_refresh .*/garp_master_refresch 60/", STANDBY)
    only("keepalived.keyword-dropped", STANDBY, "deploy", "Unknown keyword 'garp_master_refresch'")
    fixed()


def test_configuration_not_read():
    ssh(STANDBY, f"sleep 1; touch {CONF}")
    f = only("keepalived.not-reloaded", STANDBY, "manual", "Configuration file")
    assert "systemctl reload keepalived" in f["fix"]
    ssh(STANDBY, "systemctl reload keepalived; sleep 1")
    clean()


def gone_from_tables(server):
    address = {"Web01-RS": "10.1.1.132", "Web02-RS": "10.1.1.133"}[server]
    wait_for(f"{server} has left the tables", lambda: all(
        address not in t for t in everywhere("ipvsadm -Ln", DIRECTORS).values()), 40)


def test_nginx_down():
    ssh("Web01-RS", "systemctl stop nginx")
    gone_from_tables("Web01-RS")
    f = only("http.not-running", "Web01-RS", "deploy", "ActiveState=inactive")
    assert any("not in the table" in s for s in f["symptoms"]), f
    fixed()


def test_port_filtered():
    with fault("Web01-RS", nftables("tcp dport 80 drop"), NO_NFTABLES):
        gone_from_tables("Web01-RS")
        only("ipvs.server-filtered", "Web01-RS", "deploy", "tcp dport 80 drop")
        fixed()
    clusterctl("deploy", "--quiet")


def test_check_asks_for_the_wrong_page():
    for h in DIRECTORS:
        edit("s/status_code 200/status_code 404/", h)
    for s in REAL_SERVERS:
        gone_from_tables(s)
    findings, unexplained, out = examine()
    assert {f["id"] for f in findings} == {"ipvs.check-wrong"} and not unexplained, out
    assert "status_code 404" in out
    fixed()


def test_table_emptied_by_hand():
    standby = [h for h in DIRECTORS if h not in vip_holders()][0]
    ssh(standby, "ipvsadm -C")
    f = only("ipvs.emptied", standby, "manual", "nothing for 10.1.1.140:80")
    assert "systemctl restart keepalived" in f["fix"]
    ssh(standby, "systemctl restart keepalived")
    clean()


def test_active_table_emptied_by_hand():
    active = vip_holders()[0]
    ssh(active, "ipvsadm -C")
    f = only("ipvs.emptied", active, "manual")
    ssh(active, f["fix"].split(f"on {active}: ")[1])
    assert alternates(pages(6)), "the commands that doctor named bring it back"
    examine(expect=0)


def test_entry_taken_out_by_hand():
    standby = [h for h in DIRECTORS if h not in vip_holders()][0]
    ssh(standby, f"ipvsadm -d -t {VIP}:80 -r 10.1.1.133:80")
    f = only("ipvs.entry-gone", "Web02-RS", "manual")
    ssh(standby, f["fix"].split(f"on {standby}: ")[1].split(" (")[0])
    examine(expect=0)


def test_table_on_a_host_that_is_no_director():
    table = (f"modprobe ip_vs && ipvsadm -A -t {VIP}:80 -s rr && "
             f"ipvsadm -a -t {VIP}:80 -r 10.1.1.132:80 -g")
    with fault("NFS", f"{APT} ipvsadm >/dev/null; {table}", "ipvsadm -C"):
        only("ipvs.misplaced", "NFS", "manual", "0A01018C:0050")
    clean()


def test_two_faults_are_two_causes():
    ssh("Web01-RS", "systemctl stop nginx")
    edit("s/virtual_router_id .*/virtual_router_id 99/", STANDBY)
    gone_from_tables("Web01-RS")
    findings, unexplained, out = examine()
    assert sorted(f["id"] for f in findings) == ["http.not-running", "vrrp.mismatch"], out
    assert not unexplained, out
    fixed()


def test_unreachable_director():
    lab("fault", STANDBY, "link-down")
    try:
        findings, unexplained, out = examine(expect=69)
        assert [(f["id"], f["host"]) for f in findings] == [("host.unreachable", STANDBY)], out
        assert not unexplained, out
        assert f"{ACTIVE}: ping {STANDBY}: no answer" in findings[0]["evidence"]
    finally:
        lab("fault", STANDBY, "link-up", "--wait")
    clean()
