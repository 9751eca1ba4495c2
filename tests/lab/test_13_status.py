"""status on a cluster that works, on one where a web server does not, and while the VIP moves."""
import contextlib
import json
import queue
import signal
import subprocess
import threading
import time

import pytest
from conftest import (DIRECTORS, LAB, REAL_SERVERS, VIP, clusterctl, get, ssh, vip_holders,
                      wait_for)

SERVICE = f"{VIP}:80/tcp"
LOOK = 120  # seconds: an emulated machine may take its time

pytestmark = pytest.mark.usefixtures("converged")


def status():
    """The report of one look, and the exit status."""
    r = clusterctl("status", "--output=json", expect=None)
    assert r.stdout, r.stderr
    report = json.loads(r.stdout)
    assert report["exit_status"] == r.returncode
    return report, r.returncode


def by_host(items):
    return {x["host"]: x for x in items}


def all_is_well():
    wait_for("everything at work", lambda: status()[1] == 0, 120)


@contextlib.contextmanager
def watching():
    """A running `status --watch`; yields a function that returns the next report."""
    p = subprocess.Popen([LAB, "run", "clusterctl", "status", "--watch=1", "--output=json"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True)
    reports = queue.Queue()

    def read():
        for line in p.stdout:
            reports.put(json.loads(line))

    threading.Thread(target=read, daemon=True).start()
    try:
        yield lambda: reports.get(timeout=LOOK)
    finally:
        p.send_signal(signal.SIGINT)
        status_of_watch = p.wait(LOOK)
    assert status_of_watch == 0, p.stderr.read()


def vips_on(report):
    return [d["host"] for d in report["vips"][0]["directors"] if d["holds"]]


def until(look, what, seconds=60):
    """The first report of which `what` is true."""
    end = time.monotonic() + seconds
    while not what(report := look()):
        assert time.monotonic() < end, f"not within {seconds} s; what the last report says: {json.dumps(report)}"
    return report


def test_a_cluster_that_works():
    all_is_well()  # machines that come out of a snapshot have lost some adverts
    report, _ = status()
    active, = vip_holders()
    vip, = report["vips"]
    directors = by_host(vip["directors"])
    assert vip["holders"] == vip["masters"] == 1
    assert directors[active]["holds"] and directors[active]["state"] == "MASTER"
    passive, = set(DIRECTORS) - {active}
    assert not directors[passive]["holds"] and directors[passive]["state"] == "BACKUP"

    service, = report["services"]
    assert (service["name"], service["director"], service["scheduler"]) == (SERVICE, active, "rr")
    assert service["holder"] and service["rates_from"] == "kernel"
    assert {d["host"] for d in service["real_servers"]} == set(REAL_SERVERS)

    for s in report["real_servers"]:
        assert (s["tables"], s["tables_of"], s["nginx"], s["vips_on_lo"]) == (2, 2, "active", 1)
        assert s["pages"][0]["status"] == 200
        assert s["mount"]["at_work"] and s["mount"]["version"].startswith("4")
    export, = report["exports"]
    assert export["path"] == "/nfs/web" and set(export["clients"]) == set(REAL_SERVERS)
    hosts = by_host(report["hosts"])
    assert {h["answer"] for h in report["hosts"]} == {"answered"}
    assert {h["changes"] for h in report["hosts"]} == {0}
    assert all(u["active"] and u["enabled"] for h in report["hosts"] for u in h["units"])
    assert hosts[active]["versions"]["keepalived"].startswith("2.")
    assert hosts["Web01-RS"]["versions"]["nginx"] and hosts["NFS"]["versions"]["nfs_utils"]
    assert hosts["NFS"]["versions"]["kernel"] == ssh("NFS", "uname -r").strip()


def test_text_is_one_screen():
    r = clusterctl("status", "--color=never")
    lines = r.stdout.splitlines()
    assert "everything is at work" in lines[0] and len(lines) <= 23 and "\033" not in r.stdout
    assert max(map(len, lines)) <= 80, "\n".join(lines)


def test_counters_grow_with_requests():
    first = {}  # by director: a machine that stands still loses the VIP, and the other one's table is shown

    def twenty_more(report):
        service = report["services"][0]
        if service["director"] not in first:
            first[service["director"]] = service
            for _ in range(20):
                assert get()
        return service["connections"] >= first[service["director"]]["connections"] + 20

    with watching() as look:
        after = until(look, twenty_more)
    service = after["services"][0]
    assert service["rates_from"] == "counters" and service["rates_over_ms"] > 0
    assert service["bytes_in"] > first[service["director"]]["bytes_in"]
    assert all(d["connections"] for d in service["real_servers"])


def test_nginx_stopped_on_one_server():
    ssh("Web02-RS", "systemctl stop nginx")
    try:
        def out_of_the_tables():
            s = by_host(status()[0]["real_servers"])["Web02-RS"]
            return s["tables"] == 0 and s
        s = wait_for("both directors have taken it out", out_of_the_tables, 60)
        report, code = status()
        assert code == 1
        assert s["nginx"] == "inactive" and "error" in s["pages"][0]
        assert by_host(report["real_servers"])["Web01-RS"]["tables"] == 2
        said = {(p["subject"], p["text"]) for p in report["problems"]}
        assert ("Web02-RS", "nginx.service is inactive") in said
        assert by_host(report["hosts"])["Web02-RS"]["changes"] >= 1  # a deploy would start it
        text = clusterctl("status", expect=1).stdout
        assert " ! Web02-RS: nginx.service is inactive\n" in text
    finally:
        ssh("Web02-RS", "systemctl start nginx")
    all_is_well()


def test_watch_sees_the_vip_move():
    first, = vip_holders()
    second, = set(DIRECTORS) - {first}
    with watching() as look:
        until(look, lambda r: r["vips"][0]["holders"] == 1)
        ssh(first, "systemctl stop keepalived")
        try:
            until(look, lambda r: vips_on(r) == [second])  # one look may see it on both: it asks one, then the other
            report = until(look, lambda r: r["services"][0]["director"] == second)
            assert report["services"][0]["holder"]
            assert any(p["subject"] == first and "keepalived" in p["text"]
                       for p in report["problems"])
        finally:
            ssh(first, "systemctl start keepalived")
        until(look, lambda r: r["ok"], 120)
    assert vip_holders() == [second]  # it leaves the VIP where it is


@pytest.mark.on_request
def test_a_host_that_goes_away_and_comes_back():
    with watching() as look:
        until(look, lambda r: r["ok"], 120)
        lab_off = "systemctl stop ssh.socket 2>/dev/null; systemd-run -q --on-active=30 " \
                  "systemctl start ssh; systemctl stop ssh; pkill -KILL -x sshd"
        ssh("NFS", lab_off, check=False)
        report = until(look, lambda r: by_host(r["hosts"])["NFS"]["answer"] == "unreachable")
        assert report["exit_status"] == 69 and not report["exports"]
        assert by_host(report["hosts"])["Web01-RS"]["answer"] == "answered"
        until(look, lambda r: by_host(r["hosts"])["NFS"]["answer"] == "answered", 120)
