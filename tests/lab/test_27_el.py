"""The EL family's own: dnf, firewalld that stays on, nginx.conf with a server of its own (`tests/run lab_el`,
where the other tests of a deploy run on such machines too)."""
import json

import pytest

from conftest import (DIRECTORS, HOSTS, NETWORK_MARKS, PAGES, REAL_SERVERS, VIP, chosen, clusterctl, everywhere, get, lab,
                      lab_inventory, operator, reset, serving, ssh, vip_holders, wait_for)
from doctoring import examine, settle

pytestmark = pytest.mark.on_request

RULES = "firewall-cmd --list-rich-rules | sort"
STORED = "firewall-cmd --permanent --list-rich-rules | sort"


def rules():
    return everywhere(RULES), everywhere(STORED)


def test_firewalld_stays_on_and_lets_only_peers_in(deployed):
    assert set(everywhere("firewall-cmd --state").values()) == {"running\n"}
    live, stored = rules()
    assert live == stored
    for host in DIRECTORS:
        other, = [h for h in DIRECTORS if h != host]
        vrrp, = [line for line in live[host].splitlines() if 'protocol value="vrrp"' in line]
        assert {"LVS-master": "10.1.1.130", "LVS-node01": "10.1.1.131"}[other] in vrrp
    share = [line for line in live["NFS"].splitlines() if '"2049"' in line]
    assert len(share) == 2 and all("source address=" in line for line in share), share


def test_the_vip_is_not_the_distributions_server(deployed):
    assert get() in PAGES.values()
    for host in REAL_SERVERS:
        assert "Welcome to nginx" in ssh(host, "cat /usr/share/nginx/html/index.html")
        assert VIP in ssh(host, "nginx -T 2>/dev/null")
    # Their own addresses too, as the checks ask there.
    assert operator("curl", "-s", "-m", "5", "http://10.1.1.132/").stdout.strip() == PAGES["Web01-RS"]


def test_logs_of_nginx_as_its_own_user(deployed):
    for host in REAL_SERVERS:
        assert "nginx" in ssh(host, "ps -o user= -C nginx").split()


@pytest.fixture(name="multicast")
def fixture_multicast(deployed, tmp_path):
    """Unicast adverts would be let in as answers to the other director's own, once it sends some."""
    data = lab_inventory()
    data["vrrp"]["unicast"] = False
    path = tmp_path / "multicast.json"
    path.write_text(json.dumps(data))
    chosen[:] = [f"CLUSTERCTL_INVENTORY={path}"]
    clusterctl("deploy", "--quiet")
    settle()
    yield
    chosen.clear()


def test_blocked_vrrp_is_named_and_repaired(multicast):
    standby = "LVS-node01"  # the other one would be heard, and followed
    ssh(standby, f"{RULES} | grep vrrp | while IFS= read -r l; do firewall-cmd -q --remove-rich-rule \"$l\";"
                 "firewall-cmd -q --permanent --remove-rich-rule \"$l\"; done")
    wait_for("both directors hold the VIP", lambda: len(vip_holders()) == 2, 30)
    findings, _, r = examine("--fix")
    assert [(f["id"], f["host"], f["remedy"]) for f in findings] == [("vrrp.blocked", standby, "deploy")], r.stdout
    assert r.returncode == 0, r.stdout
    wait_for("one master", lambda: len(vip_holders()) == 1, 30)
    live, stored = rules()
    assert live == stored and all("vrrp" in live[h] for h in DIRECTORS)


def test_a_look_that_firewalld_does_not_answer_is_no_look(deployed):
    """What it does not tell is not taken for missing."""
    told = "systemctl show -p MainPID firewalld | sed 's/.*=//'"
    ssh("Web02-RS", f"kill -STOP $({told})")
    try:
        r = clusterctl("deploy", "--dry-run", expect=None)
        assert r.returncode not in (0, 2), r.stdout + r.stderr
        assert "firewalld is at work and does not tell its rules" in r.stdout + r.stderr
    finally:
        ssh("Web02-RS", f"kill -CONT $({told})")


PROFILE = "/etc/NetworkManager/system-connections/eth0.nmconnection"


@pytest.fixture(name="with_network")
def fixture_with_network(tmp_path):
    """with_network(network): the path of the lab's inventory with it, and two of its machines."""
    def write(**network):
        data = lab_inventory()
        data["hosts"] = [h for h in data["hosts"] if h["name"] in ("LVS-node01", "Web02-RS")]
        data.pop("nfs", None)
        path = tmp_path / f"network-{network['prefix']}.json"
        path.write_text(json.dumps({**data, "network": network}))
        return str(path)
    return write


def test_a_wrong_gateway_is_taken_back(with_network):
    """NetworkManager's profile, over the very link that it is about."""
    used = ["LVS-node01", "Web02-RS"]
    reset("packaged")
    good, cut = with_network(prefix=24, gateway="10.1.1.1"), with_network(prefix=29)
    clusterctl("deploy", "--no-verify", good)
    assert set(everywhere("nmcli -g GENERAL.STATE device show eth0", used).values()) == {"100 (connected)\n"}
    assert "No changes" in clusterctl("deploy", "--dry-run", "--detailed-exitcode", good).stdout
    look = f"cat {PROFILE}; ip -o -4 addr show dev eth0 to 10.1.1.128/29; ip -4 route show default"
    before = everywhere(look, used)
    # The operator is outside of 10.1.1.128/29: the hosts hear no more of it, and take the change back.
    r = clusterctl("deploy", "--no-verify", cut, expect=69)
    assert "change" in r.stderr, r.stderr
    wait_for("the change to be taken back", lambda: everywhere(look, used) == before, 120)
    assert everywhere(NETWORK_MARKS, used) == {h: "" for h in used}


def test_destroy_leaves_firewalld_and_dnf_as_they_were():
    reset("packaged")
    before, packages = rules(), everywhere("rpm -qa | sort")
    clusterctl("deploy", "--quiet")
    serving()
    clusterctl("destroy", "--yes-destroy", VIP)
    assert rules() == before
    assert everywhere("rpm -qa | sort") == packages
    assert set(everywhere("ls /etc/clusterctl /var/lib/clusterctl 2>/dev/null || :").values()) == {""}


def test_purge_from_bare_machines():
    reset("pristine")
    packages = everywhere("rpm -qa | sort")
    clusterctl("deploy", "--quiet")
    lab("snapshot", "deployed")
    clusterctl("destroy", "--yes-destroy", VIP, "--purge")
    assert everywhere("rpm -qa | sort") == packages, HOSTS
