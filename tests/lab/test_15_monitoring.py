"""Prometheus on the NFS host: it reaches everyone, its alerts name who is at fault and end with it
(must-show 4 of day two), and everything that the dashboard and the rules ask for is there."""
import json
import re
import subprocess
import sys
import time

import pytest

from conftest import (DIRECTORS, HOSTS, REAL_SERVERS, ROOT, VIP, clusterctl, everywhere, has_snapshot, lab,
                      lab_inventory, reset, serving, ssh, vip_holders, wait_for)

sys.path.insert(0, str(ROOT / "tests/golden"))
import promql  # noqa: E402
from traffic import Load  # noqa: E402

pytestmark = pytest.mark.on_request
API = "http://127.0.0.1:9090"
INTERVAL = 5


@pytest.fixture(scope="module", name="inventory")
def with_monitoring(tmp_path_factory):
    data = lab_inventory()
    data["monitoring"] = {"interval": INTERVAL}
    path = tmp_path_factory.mktemp("monitoring") / "inventory.json"
    path.write_text(json.dumps(data, indent=2))
    return str(path)


@pytest.fixture(scope="module")
def monitored(inventory):
    """The cluster as test_deploy left it; made here when a test runs alone. Each undoes its fault."""
    if not has_snapshot("monitored"):
        reset("deployed")
        clusterctl("deploy", "--at-once", inventory)
        lab("snapshot", "monitored")
    reset("monitored")
    clusterctl("deploy", "--at-once", "--quiet", inventory)
    serving()
    wait_for("Prometheus finds all well", lambda: up() == everyone() and not firing(), 120)


def query(expr):
    """[(labels, value)] of an instant query on Prometheus' own host."""
    out = ssh("NFS", f"promtool query instant {API} '{expr}'")
    found = re.findall(r"^([\w:]*)(?:\{(.*)\})? => (\S+) @", out, re.M)
    return [({"__name__": name} | dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value))
            for name, labels, value in found]


def everyone():
    return {("node", h) for h in HOSTS} | {("nginx", h) for h in REAL_SERVERS} | {("prometheus", "NFS")}


def up():
    return {(labels["job"], labels["host"]) for labels, _ in query("up == 1")}


def firing():
    """{(alert, the host it names)}"""
    return {(labels["alertname"], labels.get("host"))
            for labels, _ in query('ALERTS{alertstate="firing"}')}


def checks(inventory, expect):
    r = clusterctl("verify", "--output=json", inventory, expect=expect)
    return {c["id"]: c for c in map(json.loads, r.stdout.splitlines())
            if c["type"] == "check" and c["id"].startswith("monitoring.")}


def test_deploy(deployed, inventory):
    r = clusterctl("deploy", "--at-once", inventory)
    assert "Verified" in r.stdout + r.stderr
    clusterctl("deploy", "--dry-run", "--detailed-exitcode", inventory)
    lab("snapshot", "monitored")


def test_nobody_but_prometheus_is_listened_to(monitored):
    listening = everywhere("ss -Hltn | awk '{ print $4 }'")
    seen = {(host, address) for host in HOSTS for address in listening[host].split()
            if address.rsplit(":", 1)[1] in ("9090", "9100", "9113", "9114")}
    own = {host: f"10.1.1.{130 + i}" for i, host in enumerate(HOSTS)}
    assert seen == {(h, f"{own[h]}:9100") for h in HOSTS} | \
        {(h, f"{own[h]}:9113") for h in REAL_SERVERS} | \
        {(h, "127.0.0.1:9114") for h in REAL_SERVERS} | {("NFS", "127.0.0.1:9090")}


def test_exporters_hear_nobody_else(monitored):
    """The lab's Debian has no firewall: their units keep others out."""
    ask = "timeout 20 bash -c ': </dev/tcp/10.1.1.132/9100' 2>/dev/null && echo heard || echo not heard"
    assert {h: ssh(h, ask).strip() for h in ("NFS", "Web01-RS", "Web02-RS")} == \
        {"NFS": "heard", "Web01-RS": "not heard", "Web02-RS": "not heard"}


def test_verify(monitored, inventory):
    found = checks(inventory, 0)
    assert {c["status"] for c in found.values()} == {"pass"}, found
    assert f"7 exporters asked every {INTERVAL} s" in found["monitoring.targets"]["evidence"]


def test_doctor_finds_nothing(monitored, inventory):
    clusterctl("doctor", inventory)


def test_metrics(monitored, inventory, tmp_path):
    r = clusterctl("metrics", "--file", str(tmp_path / "verify.prom"), inventory)
    assert (r.stdout, r.stderr) == ("", "")
    text = (tmp_path / "verify.prom").read_text()
    said = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
    assert (said.returncode, said.stdout + said.stderr) == (0, "")
    samples = dict(re.findall(r"^(\w+\{[^}]*\}) (\S+)$", text, re.M))
    assert samples[f'clusterctl_check_passed{{cluster="web",check="http.vip",subject="{VIP}:80/tcp"}}'] == "1"
    assert samples['clusterctl_check_passed{cluster="web",check="monitoring.targets",subject="web"}'] == "1"
    assert samples['clusterctl_checks{cluster="web",status="failed"}'] == "0"
    assert abs(float(samples['clusterctl_verify_timestamp_seconds{cluster="web"}']) - time.time()) < 60


def test_what_dashboard_and_rules_ask_for_is_there(monitored):
    rules = promql.rules(ssh("NFS", "cat /etc/prometheus/clusterctl.rules.yml"))
    asked = {m for exprs in rules.values() for e in exprs for m in promql.metrics(e)}
    asked |= {m for _, e in promql.queries() for m in promql.metrics(e)}
    asked.remove("ALERTS")  # there is none while all is well
    assert len(asked) > 30
    pattern = "|".join(sorted(asked))

    def missing():
        there = {labels["__name__"] for labels, _ in
                 query(f'count by (__name__) ({{__name__=~"{pattern}"}})')}
        return asked - there
    with Load(50):  # the shares are of clients: none without any
        end = time.monotonic() + 120
        while missing():
            assert time.monotonic() < end, f"there is no {missing()}"
            time.sleep(1)
        shares = {labels["host"]: v for labels, v in query("clusterctl:connections:share")}
    assert set(shares) == set(REAL_SERVERS) and all(0.4 < v < 0.6 for v in shares.values()), shares


def test_who_holds_the_vip(monitored):
    holder, = vip_holders()
    assert {l["host"]: v for l, v in query("clusterctl_vip_held")} == \
        {h: float(h == holder) for h in DIRECTORS}
    states = {l["host"]: l["state"] for l, _ in query("clusterctl_vrrp_state == 1")}
    assert states == {h: "MASTER" if h == holder else "BACKUP" for h in DIRECTORS}


def test_a_dead_real_server_is_named(monitored, inventory):
    lab("fault", "Web02-RS", "power-off")
    try:
        began = time.monotonic()
        wanted = {("RealServerMissing", "Web02-RS"), ("TargetDown", "Web02-RS")}
        wait_for(f"{wanted} fires", lambda: wanted <= firing(), 90)
        print(f"fires after {time.monotonic() - began:.0f} s")
        assert {host for _, host in firing()} == {"Web02-RS"}
        found = checks(inventory, 69)
        assert "RealServerMissing (Web02-RS, 10.1.1.140:80/TCP)" in found["monitoring.alerts"]["reason"]
        assert "node of Web02-RS, nginx of Web02-RS" in found["monitoring.targets"]["reason"]
    finally:
        lab("fault", "Web02-RS", "power-on", "--wait")
    wait_for("no alert fires", lambda: up() == everyone() and not firing(), 180)
    serving()


def test_no_director_left(monitored, inventory):
    everywhere("systemctl stop keepalived", DIRECTORS)
    try:
        wait_for("VipAbsent fires", lambda: ("VipAbsent", None) in firing(), 90)
        wanted = {("VipAbsent", None)} | {("KeepalivedDown", d) for d in DIRECTORS}
        wait_for(f"{wanted} fire", lambda: wanted <= firing(), 60)
        assert firing() == wanted  # the real servers are not to blame
        assert query('ALERTS{alertname="VipAbsent",alertstate="firing"}')[0][0]["vip"] == VIP
        assert {l["state"] for l, _ in query("clusterctl_vrrp_state == 1")} == {"STOP"}
    finally:
        everywhere("systemctl start keepalived", DIRECTORS)
    serving()
    # What still fires is over: a test begins all the same.
    fired = firing()
    clusterctl("failover-test", "--scenario", "director-handover", inventory)
    assert fired
    wait_for("no alert fires", lambda: not firing(), 90)
    holder, = vip_holders()

    def told():
        states = {l["host"]: l["state"] for l, _ in query("clusterctl_vrrp_state == 1")}
        return states == {h: "MASTER" if h == holder else "BACKUP" for h in DIRECTORS}
    wait_for("the VRRP states are right again", told, 60)
    assert all(v > 0 for _, v in query("clusterctl_vrrp_transitions_total"))
