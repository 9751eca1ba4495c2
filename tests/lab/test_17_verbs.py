"""start, stop, restart and reload: under load, refused, and of the whole cluster."""
import re

import pytest
from conftest import (DIRECTORS, HOSTS, REAL_SERVERS, be_patient, chosen, clusterctl, everywhere, get,
                      reset, serving, ssh, vip_holders, wait_for)
from traffic import Load

UNITS = {"LVS-master": "keepalived", "LVS-node01": "keepalived", "Web01-RS": "nginx",
         "Web02-RS": "nginx", "NFS": "nfs-server"}
LEFT = "ls /var/lib/clusterctl/pending 2>/dev/null; cat /var/lib/clusterctl/drained 2>/dev/null; true"


@pytest.fixture(scope="module", autouse=True)
def converged(tmp_path_factory):
    """Once for the file: each test leaves the cluster serving."""
    reset("deployed")
    be_patient(tmp_path_factory.mktemp("inventory"))
    serving()
    yield
    chosen.clear()


def of_units(prop):
    out = everywhere(f"systemctl show -p Id,{prop} {' '.join(sorted(set(UNITS.values())))}")
    return {h: re.search(rf"Id={UNITS[h]}.service\n{prop}=(.*)", out[h] + "\n").group(1) if
            f"Id={UNITS[h]}.service\n{prop}" in out[h] else
            re.search(rf"{prop}=(.*)\nId={UNITS[h]}.service", out[h]).group(1) for h in HOSTS}


def states():
    return of_units("ActiveState")


def invocations():
    return of_units("InvocationID")


@pytest.mark.on_request
def test_restart_of_everything_loses_nothing():
    """must-show 1: a rolling restart"""
    before, (first,) = invocations(), vip_holders()
    with Load(200) as load:
        r = clusterctl("restart")
        load.note("restarted\n" + r.stderr)
    load.nothing_lost()
    after = invocations()
    assert {h for h in HOSTS if before[h] != after[h]} == set(HOSTS) - {"NFS"}, r.stderr
    assert "NFS is left out" in r.stderr
    assert "--force" in clusterctl("restart", "NFS", expect=1).stderr
    order = [m for m in re.findall(r"draining (\S+)|(\S+) hands the VIP over", r.stderr)]
    assert [a or b for a, b in order] == [*REAL_SERVERS, first], r.stderr
    assert not any(x.strip() for x in everywhere(LEFT).values())
    assert "0 changes" in clusterctl("deploy", "--dry-run").stdout.replace("No changes", "0 changes")
    serving()


def test_one_server_is_stopped_and_started_under_load():
    with Load(200) as load:
        clusterctl("stop", "Web01-RS")
        assert states()["Web01-RS"] == "inactive"
        r = clusterctl("stop", "Web02-RS", expect=1)
        assert "nothing would be left" in r.stderr and "--force" in r.stderr
        r = clusterctl("restart", "Web02-RS", expect=1)
        assert "would end the service" in r.stderr
        assert states()["Web02-RS"] == "active"
        since = load.now()
        clusterctl("start", "Web01-RS")
    load.nothing_lost()
    assert since and states()["Web01-RS"] == "active"
    assert not any(x.strip() for x in everywhere(LEFT).values())
    serving()


@pytest.mark.on_request
def test_reload_one_service():
    before = invocations()
    with Load(200) as load:
        clusterctl("reload", "--service", "nginx", "real-server")
    load.nothing_lost()
    assert invocations() == before
    for host in REAL_SERVERS:
        assert "Reloaded nginx" in ssh(host, "journalctl -u nginx -n 20 --no-pager")
    r = clusterctl("reload", "--service", "apache2", expect=64)
    assert "no such service" in r.stderr


@pytest.mark.on_request
def test_the_whole_cluster_is_stopped_and_started():
    r = clusterctl("stop", expect=1)
    assert "would end the service" in r.stderr
    assert set(states().values()) == {"active"}
    clusterctl("stop", "--force")
    assert set(states().values()) == {"inactive"} and not vip_holders() and get() is None
    ssh("LVS-master", f"systemctl is-enabled {UNITS['LVS-master']}")
    clusterctl("start")
    assert set(states().values()) == {"active"}
    wait_for("a holder of the VIP", lambda: len(vip_holders()) == 1, 60)
    serving()
    assert set(vip_holders()) <= set(DIRECTORS)
