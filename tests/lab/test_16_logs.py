"""logs on the cluster: every service's lines, both directors' while the VIP moves, and a host that
loses its power while it is followed."""
import json
import queue
import signal
import subprocess
import threading

import pytest
from conftest import (DIRECTORS, LAB, REAL_SERVERS, VIP, clusterctl, everywhere, get, lab, serving,
                      ssh, vip_holders, wait_for)

PATIENCE = 120  # seconds: an emulated machine may take its time

pytestmark = pytest.mark.usefixtures("converged")


def lines(*args):
    r = clusterctl("logs", "--output=json", *args)
    return [json.loads(x) for x in r.stdout.splitlines()]


class Follow:
    """A running `logs -f`."""

    def __init__(self, *args):
        self.process = subprocess.Popen(
            [LAB, "run", "clusterctl", "logs", "-f", "--output=json", *args], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.arrived, self.seen, self.notes = queue.Queue(), [], []
        threading.Thread(target=self.read, daemon=True).start()
        threading.Thread(target=self.read_notes, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.arrived.put(json.loads(line))

    def read_notes(self):
        for line in self.process.stderr:
            self.notes.append(line)

    def until(self, host, text):
        """The first line, of those not looked at before, of that host with that text."""
        while True:
            try:
                line = self.arrived.get(timeout=PATIENCE)
            except queue.Empty:
                pytest.fail(f"never: {host}: {text}; {self.seen[-20:]}; {self.notes}")
            self.seen.append(line)
            if line["host"] == host and text in line["text"]:
                return line

    def noted(self, text):
        wait_for(f"{text!r} on standard error", lambda: any(text in n for n in self.notes), PATIENCE)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.notes
        while not self.arrived.empty():
            self.seen.append(self.arrived.get())


@pytest.fixture(name="follow")
def following():
    """With hosts that are followed already: each says something that is waited for."""
    started = []

    def start(*args, hosts):
        f = Follow(*args)
        started.append(f)
        wait_for("a shell that follows on each host", lambda: all(
            n.strip() for n in everywhere("pgrep -f '[s]leep 5' || true", hosts).values()), PATIENCE)
        return f

    yield start
    for f in started:
        if f.process.poll() is None:
            f.process.kill()
            f.process.wait()


def test_every_service_in_the_order_of_time():
    for _ in range(4):
        assert get()
    for address in ("10.1.1.132", "10.1.1.133"):
        get(f"http://{address}/there-is-no-such-page")
    seen = lines("-n", "100000")
    found = {(x["service"], x["host"]) for x in seen}
    for director in DIRECTORS:
        assert {("keepalived", director), ("ipvs", director)} <= found
    for server in REAL_SERVERS:
        assert {("nginx", server), ("nginx-access", server), ("nginx-error", server)} <= found
    assert ("nfs", "NFS") in found
    assert [x["time"] for x in seen] == sorted(x["time"] for x in seen)
    missing = [x for x in seen if "there-is-no-such-page" in x["text"]]
    assert {(x["host"], x["service"]) for x in missing} >= {
        (h, s) for h in REAL_SERVERS for s in ("nginx-access", "nginx-error")}
    assert all(x["priority"] == 3 for x in missing if x["service"] == "nginx-error")
    text = clusterctl("logs", "--grep=no-such-page", "--color=always", "real-server").stdout
    assert "Web01-RS" in text and "\033[" in text
    assert all("no-such-page" in line for line in text.splitlines())


def test_both_directors_while_the_vip_moves(follow):
    first, = vip_holders()
    second, = set(DIRECTORS) - {first}
    f = follow("director", hosts=DIRECTORS)
    for director in DIRECTORS:  # the shell is there before the program that it reads from
        ssh(director, "systemctl reload keepalived")
        f.until(director, "Reloaded keepalived.service")
    ssh(first, "systemctl stop keepalived")
    try:
        f.until(first, "Stopping keepalived.service")
        f.until(second, "Entering MASTER STATE") # behind it in what is printed
    finally:
        ssh(first, "systemctl start keepalived")
    f.until(first, "Starting keepalived.service")
    f.until(first, "Entering BACKUP STATE")
    f.stop()
    print("\n".join(f"{x['time']} {x['host']} {x['text']}" for x in f.seen))
    times = [x["time"] for x in f.seen if not x["late"]]
    assert times == sorted(times) and not any(x["late"] for x in f.seen)
    left_running = everywhere("pgrep -a 'journalctl|tail' || true", DIRECTORS)
    assert not any(x.strip() for x in left_running.values()), left_running


@pytest.mark.on_request
def test_a_host_that_loses_its_power(follow):
    f = follow("Web02-RS", "Web01-RS", hosts=REAL_SERVERS)
    lab("fault", "Web02-RS", "power-off")
    f.noted("Web02-RS")
    lab("fault", "Web02-RS", "power-on")
    assert get() # the other one serves, and its lines come
    f.until("Web01-RS", "GET / ")
    f.noted("Web02-RS is back")
    f.until("Web02-RS", "Started nginx")
    wait_for("its page again", lambda: get(f"http://{VIP}/") == "Web02 index.html", PATIENCE)
    f.until("Web02-RS", "GET / ")
    f.stop()
    of_it = [(x["host_time"], x["text"]) for x in f.seen
             if x["host"] == "Web02-RS" and x["service"] == "nginx"]
    assert len(of_it) == len(set(of_it)), of_it
    serving()
