"""Addresses made static, and a change that cuts the operator off takes itself back.

Two machines are enough for it; the others stay off.
"""
import json
import time

import pytest

from conftest import HOSTS, NETWORK_MARKS, clusterctl, everywhere, lab, lab_inventory, operator, ssh, wait_for

USED = ["LVS-node01", "Web02-RS"]
OURS = "/etc/network/interfaces.d/clusterctl-eth0"


@pytest.fixture(scope="module")
def inventory(tmp_path_factory):
    """inventory(network): the path of one with these two machines and this network."""
    tmp_path = tmp_path_factory.mktemp("network")
    lab("packages")
    lab("fault", *[h for h in HOSTS if h not in USED], "power-off")
    base = lab_inventory()
    base["hosts"] = [h for h in base["hosts"] if h["name"] in USED]
    base.pop("nfs", None)

    def write(network):
        path = tmp_path / f"network-{network['prefix']}-{len(network)}.json"
        path.write_text(json.dumps({**base, "network": network}))
        return str(path)
    return write


def network_of():
    """What the files say and what is, of each machine."""
    return everywhere("cat /etc/network/interfaces /etc/network/interfaces.d/*; "
                      "ip -o -4 addr show dev eth0 scope global to 10.1.1.128/29; "
                      "ip -4 route show default", USED)


def reachable(host):
    r = operator("timeout", "3", "bash", "-c",
                 f"exec 3<>/dev/tcp/{host}/22 && IFS= read -r -u 3 l && [[ $l == SSH-* ]]")
    return r.returncode == 0


def test_static_addresses(inventory):
    good = inventory({"prefix": 24, "gateway": "10.1.1.1"})

    # As wanted already, but by other files: these change, the interface does not.
    flaps = everywhere("cat /sys/class/net/eth0/carrier_changes; ip monitor link >/run/links 2>&1 &", USED)
    clusterctl("deploy", good)
    assert everywhere("cat /sys/class/net/eth0/carrier_changes; cat /run/links", USED) == flaps
    for host in USED:
        assert "address 10.1.1." in ssh(host, f"cat {OURS}")
        assert "#clusterctl# iface eth0 inet static" in ssh(host, "cat /etc/network/interfaces.d/eth0")
    assert "0 changes" in clusterctl("deploy", good).stdout

    # The default route goes: interrupted, confirmed, nothing left behind.
    bare = inventory({"prefix": 24})
    r = clusterctl("deploy", bare)
    assert "4 changes" in r.stdout and "confirm the network" in r.stdout + r.stderr
    assert not any("default" in text for text in network_of().values())
    assert everywhere(NETWORK_MARKS, USED) == {h: "" for h in USED}

    # A run that ended between the change and its confirmation is completed.
    ssh("Web02-RS", "mkdir -p /var/lib/clusterctl/network; touch /var/lib/clusterctl/network/armed")
    assert "1 change" in clusterctl("deploy", bare).stdout
    assert everywhere(NETWORK_MARKS, USED) == {h: "" for h in USED}


@pytest.mark.on_request  # in every run tests/el/test_network.py loses its link, and has it taken back
def test_a_change_that_cuts_the_operator_off_is_taken_back(inventory):
    good, cut = inventory({"prefix": 24}), inventory({"prefix": 29})  # 10.1.1.1 is in no .128/29
    clusterctl("deploy", "--no-verify", good)
    before = network_of()

    began = time.monotonic()
    r = clusterctl("deploy", "--no-verify", cut, expect=69)
    assert "during step 1 of 2 (set eth0 to 10.1.1.133/29" in r.stdout + r.stderr
    assert "takes a change of its network back" in r.stdout + r.stderr
    assert not reachable("10.1.1.133")
    # A power cut forgets the timer: the machine takes the change back when it boots.
    lab("fault", "LVS-node01", "reboot")
    wait_for("the change to be taken back", lambda: reachable("10.1.1.133"),
             90 - (time.monotonic() - began))
    lab("fault", "LVS-node01", "power-on", "--wait")
    assert network_of() == before
    assert everywhere(NETWORK_MARKS, USED) == {h: "" for h in USED}

    r = clusterctl("deploy", "--dry-run", "--detailed-exitcode", cut, expect=2)
    assert "set eth0 to 10.1.1.131/29" in r.stdout and "set eth0 to 10.1.1.133/29" in r.stdout
    assert "0 changes" in clusterctl("deploy", good).stdout
