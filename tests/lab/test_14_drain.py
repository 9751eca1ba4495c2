"""drain and undrain, under load: nothing is lost, and what is drained stays so."""
import re
import signal
import subprocess
import time

import pytest

from conftest import (DIRECTORS, LAB, REAL_SERVERS, VIP, clusterctl, clusterctl_start, everywhere, operator, serving,
                      ssh, vip_holders, wait_for)
from traffic import Load

SLOW_MB = 16


def connections(director, server):
    """(weight, active) of the server in the director's table."""
    for line in ssh(director, "ipvsadm -Ln").splitlines():
        words = line.split()
        if words[:2] == ["->", f"{server}:80"]:
            return int(words[3]), int(words[4])
    return None


def test_drain_and_undrain_under_load(patient):
    """Must-show 2: connections reach 0, nothing is lost, undrain brings the share back."""
    ssh("NFS", f"head -c {SLOW_MB}M /dev/zero >/nfs/web/slow.bin")
    # Before the load, in turn: one on each, so that the drained one has a long connection.
    slow = [subprocess.Popen([LAB, "run", "curl", "-s", "-o", "/dev/null", "--limit-rate", "1M",
                              "-w", "%{size_download}", f"http://{VIP}/slow.bin"], text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) for _ in range(2)]
    wait_for("a download from each", lambda: all(
        ssh(h, "ss -Htn state established sport = :80").strip() for h in REAL_SERVERS), 10)
    with Load(200) as load:
        time.sleep(2)
        began = load.now()
        out = clusterctl("drain", "Web01-RS", "--timeout", "2m")
        drained = load.now()
        assert "still open" in out.stderr, "there was no connection to wait for"
        assert out.stdout == "Web01-RS is drained\n"
        holder, = vip_holders()
        assert connections(holder, "10.1.1.132") == (0, 0)
        for process in slow:
            assert process.communicate(timeout=60)[0] == str(SLOW_MB * 1024 * 1024)
        time.sleep(2)
        ended = load.now()
        out = clusterctl("undrain", "Web01-RS")
        back = load.now()
        time.sleep(3)
        end = load.now()
    load.nothing_lost()
    assert min(load.shares(0, began).values()) > 0.4 * 200 * began
    assert load.shares(drained, ended)["Web01-RS"] == 0
    again = load.shares(back, end)
    assert abs(again["Web01-RS"] - again["Web02-RS"]) <= 0.1 * sum(again.values()), again


def slow_downloads():
    """One from each server."""
    ssh("NFS", f"head -c {SLOW_MB}M /dev/zero >/nfs/web/slow.bin")
    slow = [subprocess.Popen([LAB, "run", "curl", "-s", "-o", "/dev/null", "--limit-rate", "128k",
                              f"http://{VIP}/slow.bin"], stdin=subprocess.DEVNULL) for _ in range(2)]
    wait_for("a download from each", lambda: all(
        ssh(h, "ss -Htn state established sport = :80").strip() for h in REAL_SERVERS), 10)
    return slow


def end(processes):
    for process in processes:
        process.kill()
        process.communicate()


def wait_for_drain():
    wait_for("it is drained", lambda: "Web01" in ssh(DIRECTORS[0], "cat /var/lib/clusterctl/drained || :"), 30)


def test_a_second_operator_waits(patient):
    """While one waits for a drained server's connections, nobody brings it back; when one is gone, at once."""
    slow = slow_downloads()
    first = clusterctl_start("drain", "Web01-RS", "--timeout", "2m")
    try:
        wait_for_drain()
        second = clusterctl("undrain", "Web01-RS", "--lock-wait", "2", expect=75)
        assert re.search(rf"locked on {DIRECTORS[0]} by \S+ pid {first.pid} since \S+ \(held for \d+ s\)",
                         second.stderr), second.stderr
        assert connections(vip_holders()[0], "10.1.1.132")[0] == 0
        first.kill()
        began = time.monotonic()
        assert "Web01-RS is back" in clusterctl("undrain", "Web01-RS").stdout
        assert time.monotonic() - began < 40, "a killed run's lock is there for nobody"
    finally:
        end([first, *slow])
    serving()


@pytest.mark.on_request
def test_one_who_stood_still_does_not_go_on(patient):
    """Ctrl-Z, and another one has brought the server back meanwhile: it is not restarted under its traffic."""
    slow = slow_downloads()
    began = ssh("Web01-RS", "systemctl show -P ActiveEnterTimestampMonotonic nginx")
    first = clusterctl_start("restart", "Web01-RS")
    try:
        wait_for_drain()
        first.send_signal(signal.SIGSTOP)
        assert f"pid {first.pid} since" in clusterctl("undrain", "Web01-RS").stderr
        end(slow)
        first.send_signal(signal.SIGCONT)
        said = first.communicate(timeout=120)[0]
        assert first.returncode == 75 and "another one has had the cluster since" in said, said
    finally:
        end([first, *slow])
    assert ssh("Web01-RS", "systemctl show -P ActiveEnterTimestampMonotonic nginx") == began
    serving()


@pytest.mark.on_request
def test_drained_stays_drained(deployed):
    """Deploy, reload, verify and status respect it, and the last one is refused."""
    clusterctl("drain", "Web02-RS")
    refused = clusterctl("drain", "Web01-RS", expect=1)
    assert "nothing would be left" in refused.stderr and "--force" in refused.stderr
    refused = clusterctl("drain", "director", expect=1)
    assert "could take over" in refused.stderr
    assert "0 changes" in clusterctl("deploy").stdout
    everywhere("systemctl reload keepalived; sleep 2", DIRECTORS)
    for director in DIRECTORS:
        assert connections(director, "10.1.1.133")[0] == 0
    assert "drained" in clusterctl("status").stdout
    healthy = clusterctl("doctor")
    assert "Web02-RS" not in healthy.stdout, healthy.stdout
    clusterctl("undrain", "real-server")
    clusterctl("verify")
    assert "0 changes" in clusterctl("deploy").stdout


def test_a_director_hands_over(patient):
    first, = vip_holders()
    second, = set(DIRECTORS) - {first}
    with Load(200) as load:
        time.sleep(1)
        clusterctl("drain", first)
        assert vip_holders() == [second]
        refused = clusterctl("drain", second, expect=1)
        assert "is drained itself" in refused.stderr
        clusterctl("undrain", first)
        time.sleep(1)
        assert vip_holders() == [second]
    load.nothing_lost()


@pytest.mark.on_request
def test_a_director_that_is_gone_is_named(deployed):
    """What can be told is told; the exit status says that not all were."""
    _, second = DIRECTORS
    operator("true")
    subprocess.run([LAB, "fault", second, "link-down"], check=True, stdout=subprocess.DEVNULL)
    out = clusterctl("drain", "Web01-RS", expect=69)
    assert second in out.stderr and "not told" in out.stderr
    assert connections(DIRECTORS[0], "10.1.1.132") == (0, 0)
    subprocess.run([LAB, "fault", second, "link-up"], check=True, stdout=subprocess.DEVNULL)
    wait_for("it answers", lambda: clusterctl("drain", "Web01-RS", expect=None).returncode == 0, 60)
    assert connections(second, "10.1.1.132")[0] == 0
