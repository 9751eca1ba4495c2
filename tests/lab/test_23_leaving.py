"""The rest of what can leave: packages, a director, the NFS host; and firewalls as they were."""
import json

import pytest

from conftest import (HOSTS, VIP, alternates, clusterctl, lab_inventory, pages, reset,
                      serving, ssh, vip_holders)
from picture import LEFT, differences, new_files, picture
from test_06_firewall import put_up_firewalls, rules

pytestmark = pytest.mark.on_request


OURS = {"keepalived", "ipvsadm", "nginx", "nfs-kernel-server", "nfs-common"}


def test_purge_takes_the_packages_too():
    reset("pristine")
    before = picture()
    clusterctl("deploy")
    clusterctl("destroy", "--yes-destroy", VIP, "--purge")
    after = picture()
    names, listed = new_files(before, after)
    assert not any(OURS & set(names[h]) for h in HOSTS), names
    assert differences(before, after, listed) == {h: [] for h in HOSTS}
    clusterctl("deploy")
    serving()


def test_a_director_leaves_and_comes_back(deployed, without):
    leaving, = vip_holders()
    staying, = {"LVS-master", "LVS-node01"} - {leaving}
    path = without(leaving)
    assert f"No longer in the inventory:\n{leaving} (" in clusterctl("deploy", "--dry-run", path).stdout
    r = clusterctl("deploy", path)
    assert f"{leaving} " in r.stderr and "has left the inventory" in r.stderr
    assert vip_holders() == [staying]
    assert ssh(leaving, LEFT + "systemctl is-active keepalived | grep -x active; ipvsadm -Ln | grep TCP; "
                        f"ip -o addr show to {VIP}; :") == ""
    assert "unicast_peer" not in ssh(staying, "cat /etc/keepalived/keepalived.conf")
    assert alternates(pages(6))
    assert "0 changes" in clusterctl("deploy", path).stdout
    clusterctl("deploy")
    serving()
    assert len(vip_holders()) == 1


def test_a_host_that_stays_is_not_emptied(deployed, tmp_path):
    """A host remembers another one's second address as of one that has left: a lie, or a new address."""
    ssh("NFS", "ip addr add 10.1.1.199/24 dev $(ip -o -4 route get 10.1.1.1 | grep -o 'dev [^ ]*' | cut -d' ' -f2)")
    ssh("Web01-RS", "echo departed old 10.1.1.199 22 root none nfs >>/var/lib/clusterctl/members")
    data = lab_inventory()
    known = data["ssh"]["known_hosts"]
    lines = open(known, encoding="utf-8").read()
    more = tmp_path / "known_hosts"
    more.write_text(lines + "".join(l.replace("10.1.1.134", "10.1.1.199") + "\n" for l in lines.splitlines()
                                    if l.startswith("10.1.1.134 ")))
    r = clusterctl("deploy", expect=None)
    assert r.returncode == 1 and "10.1.1.199" in r.stdout + r.stderr, r.stdout + r.stderr  # its key is not on file
    data["ssh"]["known_hosts"] = str(more)
    path = tmp_path / "knows.json"
    path.write_text(json.dumps(data))
    r = clusterctl("deploy", str(path), expect=1)
    assert "this is NFS of the inventory" in r.stdout + r.stderr, r.stdout + r.stderr
    assert "/nfs/web" in ssh("NFS", "exportfs") and "active" in ssh("NFS", "systemctl is-active nfs-server")
    clusterctl("deploy", "--forget", "old", str(path))
    assert "0 changes" in clusterctl("deploy", str(path)).stdout
    serving()


def test_the_share_moves_to_another_host(deployed, tmp_path):
    """The NFS host leaves, and a director exports in its stead: what was on the share is the operator's."""
    data = lab_inventory()
    data["hosts"] = [h for h in data["hosts"] if h["name"] != "NFS"]
    next(h for h in data["hosts"] if h["name"] == "LVS-node01")["role"] = ["director", "nfs"]
    path = tmp_path / "moved.json"
    path.write_text(json.dumps(data))
    r = clusterctl("deploy", str(path))
    assert "NFS (10.1.1.134) has left the inventory" in r.stderr
    assert ssh("NFS", LEFT + "exportfs; ls -d /nfs/web 2>/dev/null; :").split() in ([], ["/nfs/web"])
    assert "10.1.1.131:/nfs/web" in ssh("Web02-RS", "cat /proc/mounts")
    serving(60)
    assert "0 changes" in clusterctl("deploy", str(path)).stdout


def test_firewalls_are_as_they_were(packaged):
    put_up_firewalls()
    before = rules()
    clusterctl("deploy")
    assert rules() != before
    clusterctl("destroy", "--yes-destroy", VIP)
    assert rules() == before
