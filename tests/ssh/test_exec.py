"""Running commands: streams, limits, interruption, loss."""

import hashlib
import os
import signal
import subprocess

import pytest

from conftest import LIMIT, TOOL


def digest(data):
    return hashlib.md5(data).hexdigest()


@pytest.mark.parametrize("status", [0, 1, 3, 255])
def test_exit_status(sshd, status):
    r = sshd.run(f"echo out; echo err >&2; exit {status}")
    assert (r.returncode, r.status, r.lines, r.stderr) == (0, str(status), "1", "err\\x0a"), r


@pytest.mark.parametrize("name", ["TERM", "KILL", "SEGV"])
def test_signal(sshd, name):
    r = sshd.run(f"echo dying >&2; kill -{name} $$")
    assert r.error == "FAILED" and f"killed by signal {name}: dying" in r.message, r


def test_commands_follow_each_other(sshd):
    r = sshd.run("echo one", repeat=20)
    assert r.returncode == 0 and r.text.count("status: 0") == 20, r


def test_large_stdout(sshd, tmp_path):
    out = tmp_path / "out"
    r = sshd.run("seq 1400000", out=out)
    assert r.status == "0" and r.lines == "1400000" and int(r.bytes) > 10_000_000, r
    want = b"".join(b"%d\n" % i for i in range(1, 1400001))
    assert digest(out.read_bytes()) == digest(want)


def test_large_stderr_alone(sshd):
    r = sshd.run("seq 1400000 >&2; echo done")
    assert r.status == "0" and r.lines == "1" and r.stderr_bytes == "16384", r
    assert r.stderr.endswith("1399999\\x0a1400000\\x0a")


def test_both_streams_large(sshd):
    r = sshd.run("seq 1400000 & seq 1400000 >&2; wait; echo end >&2")
    assert r.status == "0" and r.lines == "1400000" and r.stderr.endswith("end\\x0a"), r


@pytest.mark.parametrize("size,pieces", [(0, 0), (1, 1), (1_000_000, 0), (1_000_000, 777),
                                         (8_000_000, 3)])
def test_stdin(sshd, tmp_path, size, pieces):
    data = os.urandom(size)
    (tmp_path / "in").write_bytes(data)
    out = tmp_path / "out"
    r = sshd.run("md5sum", **{"in": tmp_path / "in"}, pieces=pieces, out=out)
    assert r.status == "0" and out.read_text().split()[0] == digest(data), r


def test_stdin_with_a_slow_reader(sshd, tmp_path):
    """Three times the 2 MB window, while the other end takes pauses."""
    data = os.urandom(6_500_000)
    (tmp_path / "in").write_bytes(data)
    out = tmp_path / "out"
    r = sshd.run("(sleep 0.3; dd bs=65536 count=10 iflag=fullblock status=none; sleep 0.3; cat) | "
                 "md5sum", **{"in": tmp_path / "in"}, out=out)
    assert r.status == "0" and out.read_text().split()[0] == digest(data), r


def test_stdin_echoed_back(sshd, tmp_path):
    """Both directions full at once: the case that deadlocks naive loops."""
    data = b"".join(b"%d %s\n" % (i, b"x" * (i % 97)) for i in range(150_000))
    (tmp_path / "in").write_bytes(data)
    out = tmp_path / "out"
    r = sshd.run("tee /dev/stderr", **{"in": tmp_path / "in"}, out=out)
    assert r.status == "0" and digest(out.read_bytes()) == digest(data), r


def test_command_ends_before_its_input(sshd, tmp_path):
    (tmp_path / "in").write_bytes(b"x" * 8_000_000)
    r = sshd.run("head -c 10 >/dev/null; echo no thanks >&2; exit 4", **{"in": tmp_path / "in"})
    assert r.error == "FAILED", r
    assert r.message.endswith("the command ended before it had read its input (exit status 4): "
                              "no thanks")


def test_lines(sshd, tmp_path):
    out = tmp_path / "out"
    r = sshd.run(r"printf 'a\n\n\000b\n\r\nlast'", out=out)
    assert r.lines == "5" and out.read_bytes() == b"a\n\n\0b\n\r\nlast\n", r


@pytest.mark.parametrize("size,ok", [(999, True), (1000, True), (1001, False), (200_000, False)])
def test_long_line(sshd, size, ok):
    r = sshd.run(f"head -c {size} /dev/zero | tr '\\0' x; echo; echo next", max_line=1000)
    if ok:
        assert r.lines == "2", r
    else:
        assert r.error == "PROTOCOL" and "a line of more than 1000 bytes" in r.message, r


def test_too_much_output(sshd):
    r = sshd.run("yes", max_total=100_000)
    assert r.error == "PROTOCOL" and "more than 100000 bytes" in r.message, r


def test_sink_refuses(sshd):
    r = sshd.run("echo fine; echo abort now; sleep 30")
    assert r.error == "PROTOCOL" and r.message.endswith("the sink does not like this line"), r
    assert r.seconds < 20


def test_wake(sshd):
    r = sshd.run("echo ready; read line; echo end", wake_on="ready")
    assert r.wait == "0 after 1 lines" and r.lines == "2" and r.status == "0", r


def test_wait_for_the_end(sshd):
    r = sshd.run("echo one; exit 5", wait=1)
    assert r.wait == "1 after 1 lines" and r.status == "5", r


@pytest.mark.parametrize("command", ["echo here; sleep 60", "echo here; yes"])
def test_cancel(sshd, command):
    r = sshd.run(command, cancel_on="here", max_total=4_000_000_000)
    assert r.error == "INTERRUPTED", r
    assert r.seconds < 20


def test_cancel_while_sending(sshd, tmp_path):
    (tmp_path / "in").write_bytes(b"x" * 8_000_000)
    r = sshd.run("echo here; sleep 60", cancel_on="here", **{"in": tmp_path / "in"})
    assert r.error == "INTERRUPTED" and r.seconds < 20, r


def test_cancel_while_connecting(sshd):
    """SIGINT at any moment of the handshake."""
    for delay in (0.0, 0.01, 0.02, 0.05, 0.1):
        p = subprocess.Popen([TOOL, f"port={sshd.port}", f"identity={sshd.keys['ed25519']}",
                              f"known_hosts={sshd.known_hosts}", "echo started; sleep 60"],
                             stdout=subprocess.PIPE, text=True)
        try:
            p.wait(0.05 + delay)  # time to install the handler, then some
        except subprocess.TimeoutExpired:
            p.send_signal(signal.SIGINT)
        out, _ = p.communicate(timeout=LIMIT)
        assert "error: INTERRUPTED" in out or p.returncode == -signal.SIGINT, out


@pytest.mark.parametrize("command", ["sleep 60", "yes"])
def test_deadline(sshd, command):
    r = sshd.run(command, timeout=700, max_total=4_000_000_000)
    assert r.error == "FAILED" and "did not end within its time limit" in r.message, r
    assert r.seconds < 20


def test_deadline_while_sending(sshd, tmp_path):
    (tmp_path / "in").write_bytes(b"x" * 8_000_000)
    r = sshd.run("sleep 60", timeout=700, **{"in": tmp_path / "in"})
    assert r.error == "FAILED" and "did not end within its time limit" in r.message, r


def test_abandoned_command(sshd):
    r = sshd.run("sleep 60", no_finish=1)
    assert r.returncode == 0 and r.seconds < 20, r


def test_command_line_too_long(sshd):
    r = sshd.run("true " + "x" * 33000)
    assert r.error == "SYSTEM" and "too long" in r.message, r


@pytest.mark.parametrize("signal_name", ["KILL", "TERM"])
def test_sshd_dies(sshd, signal_name, tmp_path):
    """The shell's parent is this connection's own sshd process. What is sent to it is once it is said to run."""
    (tmp_path / "in").write_text("go\n")
    r = sshd.run(f"read -r go; kill -{signal_name} $PPID; sleep 1; echo trailer", trailer="trailer",
                 **{"in": tmp_path / "in"})
    assert r.error == "UNREACHABLE", r
    assert "connection lost during a command: " in r.message and "last heard from " in r.message


def test_command_leaves_a_child_behind(sshd):
    """The streams stay open with the child: that is not the end, whatever the exit status says."""
    r = sshd.run("sleep 60 & echo started", timeout=1500)
    assert r.error == "FAILED" and "did not end" in r.message, r
    r = sshd.run("sleep 5 >/dev/null 2>&1 </dev/null & echo started")
    assert r.status == "0", r
