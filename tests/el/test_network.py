"""Static addresses over the very link that clusterctl uses, with the real NetworkManager, netplan, systemd and sshd:
see machine.py. Other steps of these deploys fail (there are no packages to be had): what is looked at is
the network."""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess

import pytest

from machine import Machine, Operator, available, eventually

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
CLUSTERCTL = os.environ.get("CLUSTERCTL", str(TOP / "build/cli/clusterctl"))
ADDRESSES = {"d1": "10.1.1.131", "w1": "10.1.1.133"}
PROFILES = "/etc/NetworkManager/system-connections"
MARKS = "ls /var/lib/clusterctl/network/armed /etc/systemd/system/clusterctl-revert-boot.service " \
        "2>/dev/null; systemctl list-units --no-legend 'clusterctl-revert*' 'clusterctl-network*'; :"

PROFILE = """[connection]
id=uplink
uuid=11d4b8b5-8b5c-4f7e-9c7d-0c5a1e1f2a3b
type=ethernet
zone=public

[ipv4]
method=manual
address1={address}/25,10.1.1.1
address2=10.77.0.{last}/32
dns=10.1.1.1;

[ipv6]
method=disabled
"""
GOOD = {"prefix": 24, "gateway": "10.1.1.1"}
WRONG = {"prefix": 24, "gateway": "10.1.1.9"}
MANAGER = ("NetworkManager.service", {
    "/etc/NetworkManager/NetworkManager.conf": "[main]\nplugins=keyfile\ndns=none\n"})
NETWORK = """[Match]
Name=eth0
[Network]
Address={address}/25
Address=10.77.0.{last}/32
DNS=10.1.1.1
LinkLocalAddressing=no
[Route]
Gateway=10.1.1.1
GatewayOnLink=yes
"""
NETPLAN = """network:
  version: 2
  ethernets:
    eth0:
      dhcp4: false
      link-local: []
      addresses: [{address}/25, 10.77.0.{last}/32]
      nameservers: {{addresses: [10.1.1.1]}}
      routes: [{{to: default, via: 10.1.1.1, on-link: true}}]
"""
NETWORKD = "/etc/systemd/network"
# Who manages eth0: the services, files with what was there before us, our file, where files are.
STACKS = {
    "networkmanager": (*MANAGER, {f"{PROFILES}/my uplink.nmconnection": PROFILE}, f"{PROFILES}/my uplink.nmconnection",
                       PROFILES),
    # Not in /etc: a package's, which is superseded.
    "networkmanager-vendor": (*MANAGER, {"/usr/lib/NetworkManager/system-connections/a.nmconnection": PROFILE},
                              f"{PROFILES}/clusterctl-eth0.nmconnection", PROFILES),
    "networkd": ("systemd-networkd.service", {}, {f"{NETWORKD}/50-lan.network": NETWORK},
                 f"{NETWORKD}/10-clusterctl-eth0.network", NETWORKD),
    # Its generator, which writes what networkd reads, runs at boot.
    "netplan": ("systemd-networkd.service", {}, {"/etc/netplan/50-cloud-init.yaml": NETPLAN},
                f"{NETWORKD}/10-clusterctl-eth0.network", f"/etc/netplan {NETWORKD}"),
}


class Bed:
    def __init__(self, top, stack):
        self.top = top
        services, settings, before, self.ours, self.where = STACKS[stack]
        self.operator = Operator(top)
        self.machines = {}
        for name, address in ADDRESSES.items():
            files = {p: t.format(address=address, last=address.rpartition(".")[2]) for p, t in before.items()}
            self.machines[name] = Machine(self.operator, name, address, services, {**settings, **files})
        for m in self.machines.values():
            m.power_on()
        self.w1 = self.machines["w1"]

    def stop(self):
        for m in self.machines.values():
            m.power_off()
        self.operator.stop()

    def up(self):
        for m in self.machines.values():
            eventually(m.answers, f"{m.name} answers")

    def inventory(self, network):
        path = self.top / "inventory.json"
        ssh = {"identity": str(self.operator.key), "known_hosts": str(self.operator.known_hosts),
               "agent": False, "config": False, "dead_after": 10}
        if network is WRONG:
            ssh["connect_timeout"] = 5  # it is waited for
        roles = {"d1": "director", "w1": "real_server"}
        path.write_text(json.dumps({
            "cluster": "web", "vip": "10.1.1.140", "vrrp": {"virtual_router_id": 10}, "ssh": ssh, "network": network,
            "hosts": [{"name": n, "address": a, "role": roles[n]} for n, a in ADDRESSES.items()]}))
        return path

    def clusterctl(self, command, network, *more):
        done = self.operator.run(CLUSTERCTL, command, *more, self.inventory(network), env={**os.environ, "HOME": str(self.top)})
        return done.returncode, done.stdout + done.stderr

    def pending(self, network):
        """What a dry run would do to the network."""
        _, said = self.clusterctl("deploy", network, "--dry-run")
        return [l.strip() for l in said.splitlines() if re.search(r"eth0 (to|static)|confirm the network", l)]

    def files(self):
        return self.w1.sh(f"find {self.where} -type f -printf '%p %m\\n' -exec cat {{}} +")

    def live(self):
        return self.w1.sh("ip -o -4 addr show dev eth0 | awk '{ print $4 }' | sort; ip -4 route show default | "
                          "cut -d' ' -f1-3")


def on_stack(top, stack, look):
    top.mkdir()
    bed = Bed(top, stack)
    try:
        bed.up()
        look(bed)
    finally:
        bed.stop()


@pytest.fixture(name="on_each_stack")
def fixture_on_each_stack(tmp_path):
    """on_each_stack(look): look(bed) on machines of each, at the same time, as most of it is waiting."""
    if not available():
        pytest.fail("needs root, NetworkManager and a cgroup2 tree", pytrace=False)

    def run(look):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for done in [pool.submit(on_stack, tmp_path / stack, stack, look) for stack in STACKS]:
                done.result()
    return run


def success_moves_the_session(bed):
    before = bed.files()
    assert bed.live() == "10.1.1.133/25\n10.77.0.133/32\ndefault via 10.1.1.1\n"
    assert len(bed.pending(GOOD)) == 4
    _, said = bed.clusterctl("deploy", GOOD, "--no-verify")
    assert "set eth0 to 10.1.1.133/24 via 10.1.1.1 (is 10.1.1.133/25 via 10.1.1.1)" in said, said
    assert bed.pending(GOOD) == [], said
    assert bed.w1.sh(MARKS) == ""
    now = bed.live()
    assert "10.1.1.133/24\n" in now and "/25" not in now and "default via 10.1.1.1" in now
    assert bed.w1.sh(f"stat -c %a '{bed.ours}'") == ("600\n" if PROFILES in bed.ours else "644\n")

    bed.w1.reboot()
    bed.up()
    assert bed.live() == now
    assert bed.pending(GOOD) == []

    # The files are given back; the address, which we came over, stays until they are read.
    code, said = bed.clusterctl("destroy", GOOD, "--yes-destroy", "web")
    assert code == 0, said
    assert bed.files() == before
    assert bed.live() == now


def a_wrong_gateway_is_taken_back(bed):
    before = bed.files(), bed.live()
    code, said = bed.clusterctl("deploy", WRONG, "--no-verify", "--confirm-within", "15s", "--reconnect", "2")
    # 69 is a lost connection; this one may be older than the way back takes, and go on then.
    assert code in (1, 69) and "set eth0 to 10.1.1.133/24 via 10.1.1.9" in said, said
    assert re.search("takes a change of its network back|has taken the change back already", said), said
    bed.up()
    eventually(lambda: bed.w1.sh(MARKS) == "", "the change is taken back")
    assert (bed.files(), bed.live()) == before
    assert bed.pending(GOOD)


def a_boot_takes_it_back(bed):
    before = bed.files(), bed.live()
    # The time is so long that only the boot can be what takes it back.
    code, said = bed.clusterctl("deploy", WRONG, "--no-verify", "--confirm-within", "200s", "--reconnect", "2")
    assert code == 69, said
    assert "takes a change of its network back after 60 s, or the time of --confirm-within" in said, said
    assert bed.files() != before[0]
    bed.w1.reboot()
    eventually(bed.w1.answers, "it answers")
    assert (bed.files(), bed.live()) == before
    assert bed.w1.sh(MARKS) == ""


@pytest.mark.parametrize("look", [success_moves_the_session, a_wrong_gateway_is_taken_back, a_boot_takes_it_back])
def test_over_the_link_itself(on_each_stack, look):
    on_each_stack(look)
