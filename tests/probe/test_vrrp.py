"""VRRP adverts on the operator's link: keepalived's own, and packets that are none."""
import subprocess

import pytest
from network import HOSTS, end, stop, tool

CONF = """
global_defs {{
    router_id {name}
}}
vrrp_instance V {{
    state MASTER
    interface eth0
    virtual_router_id {router_id}
    version {version}
    priority {priority}
    advert_int 1
    virtual_ipaddress {{
        10.99.0.170/32 dev lo
    }}
}}
"""


@pytest.fixture(name="keepalived")
def fixture_keepalived(net, tmp_path):
    """Start keepalived in a namespace; each is ended by the pid that it wrote."""
    running = []

    def start(name, **settings):
        conf = tmp_path / f"{name}.conf"
        conf.write_text(CONF.format(name=name, **settings), encoding="ascii")
        pids = [str(tmp_path / f"{name}.{kind}.pid") for kind in ("main", "vrrp")]
        running.append(subprocess.Popen(net.argv(name, "keepalived", "--dont-fork", "--vrrp",
                                                 "--use-file", str(conf), "--pid", pids[0],
                                                 "--vrrp_pid", pids[1]),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    yield start
    for process in running:
        process.terminate()
        process.wait(timeout=10)


def test_two_versions_of_two_routers(net, keepalived):
    keepalived("h1", router_id=51, version=3, priority=200)
    keepalived("h2", router_id=52, version=2, priority=90)
    p = net.start_tool("vrrp", HOSTS["h1"], 8000)
    assert sorted(end(p)["adverts"]) == [[HOSTS["h1"], 3, 51, 200, "10.99.0.170"],
                                         [HOSTS["h2"], 2, 52, 90, "10.99.0.170"]]


def test_what_is_no_advert_is_not_taken_for_one(net):
    p = net.start_tool("vrrp", HOSTS["h1"], 60000)
    assert net.start("h3", "vrrp", HOSTS["h3"], 0.4).wait(timeout=30) == 0
    assert stop(p)["adverts"] == [[HOSTS["h3"], 3, 77, 120, "10.99.0.140"]]


def test_silence(net):
    assert end(net.start_tool("vrrp", HOSTS["h1"], 200))["adverts"] == []


def test_without_the_right_to_listen(net):
    r = tool(net, "vrrp", HOSTS["h1"], 10, status=1,
             before=("setpriv", "--bounding-set", "-net_raw"))
    assert "raw socket" in r["error"] and "CAP_NET_RAW" in r["hint"]
