"""failover-test: every fault measured, within its budget, undone whatever happens to clusterctl."""
import json
import signal
import subprocess
import time

import pytest

from conftest import (DIRECTORS, LAB, REAL_SERVERS, clusterctl, clusterctl_start, everywhere, read_until,
                      serving, ssh, verified, vip_holders, wait_for)

SCENARIOS = ["director-handover", "director-stop", "director-kill", "director-isolate",
             "director-return", "rs-drain", "rs-stop", "rs-kill", "rs-isolate", "nfs-restart",
             "nfs-stop"]

pytestmark = pytest.mark.usefixtures("converged")


def armed():
    """Hosts where a fault is still in force or waits to be undone."""
    out = everywhere("ls /run/clusterctl/fault/armed 2>/dev/null; "
                     "systemctl list-units --no-legend 'clusterctl-fault*';"
                     "for way in ingress egress; do tc filter show dev eth0 $way; done | grep ' pref 1 ' || :")
    return {h: t for h, t in out.items() if t.strip()}


def filtered(pref):
    return f"tc qdisc add dev eth0 clsact; tc filter add dev eth0 ingress pref {pref} matchall action pass"


def events(r):
    return [json.loads(line) for line in r.stdout.splitlines()]


def evidence(trial):
    """All of it, and what the directors have logged meanwhile: it cannot be had again."""
    logs = everywhere(f"journalctl -u keepalived -o short-precise --since '{trial['began'][:10]} {trial['began'][11:-1]} UTC'"
                      " | head -n 60", DIRECTORS)
    return "\n".join([json.dumps(trial, indent=1)] + [f"{h}:\n{log}" for h, log in logs.items()])


def as_promised(trial):
    """Within the budget; or, as keepalived's own log must show, a check was under way when the network went."""
    stood = any("health checks stood still" in note for note in trial["notes"])
    return trial["verdict"] == "pass" or (
        trial["scenario"] == "rs-isolate" and stood and
        trial["measured"]["outage_us"] <= trial["predicted"]["high_us"])


def test_every_scenario(tmp_path):
    # Somebody else's, where a network will be cut: neither the fault nor its undoing may touch it.
    everywhere(filtered(10), DIRECTORS)
    report = tmp_path / "report.html"
    r = clusterctl("failover-test", "--all", "--output", "json", "--quiet", "--report", str(report),
                   "--report-json", str(tmp_path / "report.json"), expect=None)
    print(r.stdout)
    trials = {t["scenario"]: t for t in events(r) if t["type"] == "trial"}
    assert list(trials) == SCENARIOS
    for name, t in trials.items():
        # No fault failed to be made, none left damage; what came over a budget is looked at below.
        assert t["verdict"] in ("pass", "over budget"), evidence(t)
        assert t["measured"]["requests"] > 300
    # What must not be lost: but for requests in flight at the very moment, on a slow machine.
    for name in ("director-handover", "director-return", "rs-drain"):
        assert trials[name]["measured"]["lost"] <= 3, evidence(trials[name])
    for name in ("director-stop", "director-kill", "director-isolate", "rs-stop", "rs-kill",
                 "rs-isolate"):
        assert as_promised(trials[name]), evidence(trials[name])
    # The fault was real: somebody noticed, and the VIP's packets went elsewhere.
    for name in ("director-handover", "director-stop", "director-kill", "director-isolate"):
        assert {"takeover_us", "detection_us"} <= trials[name]["measured"].keys(), trials[name]
    for name in ("rs-stop", "rs-kill", "rs-isolate"):
        m = trials[name]["measured"]
        assert m["detection_us"] > 0 and m["lost"] > 0, trials[name]
    # One NFS server: pages wait, if they are not in the real servers' caches, and no longer than was said.
    for name in ("nfs-restart", "nfs-stop"):
        assert trials[name]["measured"]["outage_us"] <= trials[name]["predicted"]["high_us"], trials[name]
    assert "<svg" in report.read_text() and "http-equiv" in report.read_text()
    lines = [json.loads(l) for l in (tmp_path / "report.json").read_text().splitlines()]
    assert len(lines[0]["requests"]) == lines[0]["measured"]["requests"]
    assert not armed()
    look = "tc qdisc show dev eth0 | grep clsact || :; tc filter show dev eth0 ingress"
    for host, said in everywhere(look, DIRECTORS).items():
        assert "clsact" in said and "pref 10 matchall" in said, (host, said)
    assert set(everywhere(look, REAL_SERVERS).values()) == {""}
    verified(30)


def test_a_network_is_not_cut_where_others_filter_first():
    everywhere(filtered(1), REAL_SERVERS)
    r = clusterctl("failover-test", "--scenario", "rs-isolate", expect=1)
    assert "a tc filter of preference 1 is there already (ingress)" in r.stdout, r.stdout + r.stderr
    for host, said in everywhere("tc filter show dev eth0 ingress; tc qdisc del dev eth0 clsact",
                                 REAL_SERVERS).items():
        assert "pref 1 matchall" in said, (host, said)


# Once its failure stands, and before its return is tried.
REFUSALS = [
    pytest.param("systemd-run -q --unit=holder flock /run/clusterctl/lock sleep 600; "
                 "while flock -n /run/clusterctl/lock true; do sleep 0.1; done", "systemctl stop holder",
                 id="a deploy is at work"),
    pytest.param("chmod -x /usr/bin/systemd-run", "chmod +x /usr/bin/systemd-run", id="no timer",
                 marks=pytest.mark.on_request),
]


@pytest.mark.parametrize("make, restore", REFUSALS)
def test_a_return_that_cannot_be_tried_leaves_nobody_stopped(make, restore):
    host, = vip_holders()
    rc = "/run/clusterctl/fault/rc"
    eye = subprocess.Popen([LAB, "ssh", host, f"rm -f {rc}; echo here; while [ ! -e {rc} ]; do sleep 0.1; done; {make}"],
                           text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert eye.stdout.readline() == "here\n"
    p = clusterctl_start("failover-test", "--scenario", "director-return")
    read_until(p, "stopping it first")
    assert eye.wait(timeout=60) == 0
    try:
        seen = read_until(p, "undoing the fault")
        began = time.monotonic()
        ssh(host, "until systemctl is-active -q keepalived; do sleep 0.2; done", timeout=60)
        took = time.monotonic() - began
        out = seen + p.communicate(timeout=120)[0]
        assert p.returncode == 1 and "the fault could not be made" in out, out
        assert took < 6 and not armed(), (took, out)  # its timer alone takes a minute more
    finally:
        ssh(host, restore)
    verified(30)


def killed(scenario, hold):
    """Start a failover test, kill clusterctl while the fault is in force."""
    p = clusterctl_start("failover-test", "--scenario", scenario)
    seen = read_until(p, "watching for")
    time.sleep(hold)
    if scenario != "director-isolate":  # which cannot be asked
        assert armed(), seen
    p.kill()
    return p


def test_interrupted_it_undoes_at_once():
    host, = vip_holders()
    f = "/run/clusterctl/fault/armed"
    eye = subprocess.Popen([LAB, "ssh", host, f"until [ -e {f} ]; do sleep 0.1; done; echo armed;"
                            f"while [ -e {f} ]; do sleep 0.1; done; echo gone"],
                           text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    p = clusterctl_start("failover-test", "--scenario", "director-stop")
    read_until(p, "watching for")
    assert eye.stdout.readline() == "armed\n"
    p.send_signal(signal.SIGINT)
    began = time.monotonic()
    assert eye.stdout.readline() == "gone\n"
    took = time.monotonic() - began
    out = p.communicate(timeout=90)[0]
    # Not by the end of its watch, after which it would have gone on.
    assert p.returncode == 130 and "waiting until every part" not in out, out
    assert took < 15, f"undone {took:.1f} s after Ctrl-C; the timer alone takes 20 s more\n{out}"
    eye.wait(timeout=10)
    assert not armed(), out
    wait_for("keepalived on both", lambda: set(everywhere(
        "systemctl is-active keepalived || :", DIRECTORS).values()) == {"active\n"}, 10)
    verified(30)


@pytest.mark.parametrize("scenario", ["director-isolate", pytest.param("rs-stop", marks=pytest.mark.on_request)])
def test_killed_it_is_undone_by_the_host(scenario):
    p = killed(scenario, 0.5)
    p.communicate(timeout=30)
    assert p.returncode != 0
    wait_for("the host undid the fault by itself", lambda: not armed(), 60)
    verified(30)


def test_another_test_at_work_is_not_disturbed():
    armed_by_another = "/run/clusterctl/fault/armed"
    ssh(REAL_SERVERS[0], f"mkdir -p /run/clusterctl/fault; : >{armed_by_another}")
    ssh(REAL_SERVERS[1], f"mkdir -p /run/clusterctl/fault; : >{armed_by_another}")
    r = clusterctl("failover-test", "--scenario", "rs-stop", expect=1)
    assert "another failover test is at work on this host" in r.stdout, r.stdout + r.stderr
    for host in REAL_SERVERS:
        ssh(host, f"rm {armed_by_another}; systemctl is-active nginx")


def test_a_broken_cluster_is_refused():
    ssh(REAL_SERVERS[0], "systemctl stop nginx")
    before = vip_holders()
    r = clusterctl("failover-test", "--scenario", "rs-stop", expect=1)
    assert "no fault was made" in r.stderr and "--force" in r.stderr, r.stderr
    assert not armed() and vip_holders() == before
    ssh(REAL_SERVERS[0], "systemctl start nginx")
    serving(30)


def test_junit():
    r = clusterctl("failover-test", "--scenario", "rs-drain", "--output", "junit", "--quiet",
                   expect=None)
    assert subprocess.run(["/usr/bin/python3", "-c",
                           "import sys,xml.etree.ElementTree as E;"
                           "assert E.parse(sys.stdin).getroot().get('tests')=='1'"],
                          input=r.stdout, text=True).returncode == 0, r.stdout
