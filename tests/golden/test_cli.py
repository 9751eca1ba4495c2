"""The command line: usage errors, help, exit statuses, and every renderer, compared byte for byte.

CLUSTERCTL names the binary (default: build/cli/clusterctl of this checkout); the program that feeds
made-up events to the renderers is looked for in the same build. UPDATE_GOLDEN=1 writes the expected
files anew.
"""
import json
import os
import pathlib
import pty
import re
import select
import signal
import socket
import stat
import subprocess
import threading
import time
import xml.etree.ElementTree as ET

import pytest

# Ignored where a shell has started us in the background, and then by all that we start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = pathlib.Path(__file__).resolve().parent / "cli"
CLUSTERCTL = pathlib.Path(os.environ.get("CLUSTERCTL", ROOT / "build/cli/clusterctl"))
RENDER = CLUSTERCTL.parents[1] / "tests/unit/cli/render_tool"
REFERENCE = ROOT / "inventory/examples/reference.json"
COMMANDS = ["check", "deploy", "status", "verify", "metrics", "doctor", "failover-test", "drain", "undrain", "start", "stop", "restart", "reload",
            "history",
            "logs", "rollback", "destroy", "schema", "help", "version"]

ENV = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent",
       "CLUSTERCTL_JOURNAL": ""}


def run(*args, env=None, cwd="/", program=CLUSTERCTL):
    return subprocess.run([program, *map(str, args)], capture_output=True, text=True, cwd=cwd,
                          env=ENV | (env or {}), stdin=subprocess.DEVNULL, timeout=60)


def golden(name, text):
    path = GOLDEN / f"{name}.expected"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


# Usage ------------------------------------------------------------------------------------------

USAGE = [
    ([], "no command given", "`clusterctl help` lists the commands"),
    (["chek"], "unknown command 'chek'", "did you mean 'check'?"),
    (["delpoy"], "unknown command 'delpoy'", "did you mean 'deploy'?"),
    (["frobnicate"], "unknown command 'frobnicate'", "`clusterctl help` lists the commands"),
    (["help", "delpoy"], "unknown command 'delpoy'", "did you mean 'deploy'?"),
    (["--versoin"], "unknown option '--versoin'", "did you mean '--version'?"),
    (["check", "--ouput", "json"], "unknown option '--ouput'", "did you mean '--output'?"),
    (["check", "--output=jsn"], "option '--output': 'jsn' is not one of text or json",
     "did you mean 'json'?"),
    (["verify", "--output=html"], "option '--output': 'html' is not one of text, json or junit", None),
    (["failover-test", REFERENCE], "which faults? Name them with --scenario NAME,..., or --all",
     "the scenarios: director-handover, director-stop, director-kill, director-isolate, director-return, "
     "rs-drain, rs-stop, rs-kill, rs-isolate, nfs-restart, nfs-stop"),
    (["failover-test", "--scenario", "rs-stop,director-stp", REFERENCE],
     "there is no scenario 'director-stp'", "did you mean 'director-stop'?"),
    (["failover-test", "--scenario", "rs-stp", "--scenario", "rs-stop", REFERENCE],
     "there is no scenario 'rs-stp'", "did you mean 'rs-stop'?"),
    (["failover-test", "--scenario", ",", REFERENCE],
     "which faults? Name them with --scenario NAME,..., or --all",
     "the scenarios: director-handover, director-stop, director-kill, director-isolate, director-return, "
     "rs-drain, rs-stop, rs-kill, rs-isolate, nfs-restart, nfs-stop"),
    (["failover-test", "--all", "--report", "/", REFERENCE],
     "'/' is not a regular file", "name a file to write or to replace"),
    (["failover-test", "--all", "--report", "/tmp/x", "--report-json", "/tmp/x", REFERENCE],
     "options '--report' and '--report-json' name the same file", None),
    (["failover-test", "--scenario", "rs-stop", "--all", REFERENCE],
     "options '--scenario' and '--all' exclude each other", None),
    (["failover-test", "--all", "--budget", "2 s", REFERENCE],
     "option '--budget': '2 s' is not a time from 1ms to 1h; write 2s, 1.5s or 500ms", None),
    (["check", "--output"], "option '--output' needs a value",
     "`clusterctl check --help` lists the options"),
    (["deploy", "--out"], "option '--out' needs DIR", "`clusterctl deploy --help` lists the options"),
    (["deploy", "--dry-run=yes"], "option '--dry-run' takes no value",
     "`clusterctl deploy --help` lists the options"),
    (["deploy", "--out", ""], "option '--out' needs a DIR that is not empty", None),
    (["deploy", "--o=x"], "ambiguous option '--o'", "`clusterctl deploy --help` lists the options"),
    (["logs", "-n"], "option '--lines' needs N", "`clusterctl logs --help` lists the options"),
    (["logs", "-fn0"], "option '--lines': '0' is not a number from 1 to 1000000", None),
    (["logs", "-x"], "unknown option '-x'", "`clusterctl logs --help` lists the options"),
    (["logs", "--service", "nginx,keepalive", "--inventory", REFERENCE],
     "option '--service': 'keepalive' is not keepalived, ipvs, nfs, nginx, nginx-access or nginx-error",
     "did you mean 'keepalived'?"),
    (["logs", "--since", "tomorrow", "--inventory", REFERENCE],
     "option '--since': 'tomorrow' is no time",
     'write 10m, 2h, 1d, today, 12:00 or "2026-01-31 12:00"'),
    (["logs", "--grep", "(", "--inventory", REFERENCE],
     "option '--grep': '(': Unmatched ( or \\(", None),
    (["logs", "LVS-master", "--service", "nfs,nginx-access", "--inventory", REFERENCE],
     "none of these hosts has such a log", None),
    (["deploy", "-n"], "unknown option '-n'", "`clusterctl deploy --help` lists the options"),
    (["deploy", "--parallel", "0"], "option '--parallel': '0' is not a number from 1 to 1024", None),
    (["deploy", "--parallel", "+4"], "option '--parallel': '+4' is not a number from 1 to 1024", None),
    (["version", "now"], "unexpected argument 'now'", "usage: clusterctl version [OPTIONS]"),
    (["check", "a", "b"], "unexpected argument 'b'", "usage: clusterctl check [INVENTORY] [OPTIONS]"),
    (["--color=sometimes", "version"],
     "option '--color': 'sometimes' is not one of auto, always or never", None),
    (["deploy", REFERENCE, "--offline"], "option '--offline' goes with --dry-run only",
     "add --dry-run: without it, deploy changes the hosts"),
    (["deploy", REFERENCE, "--detailed-exitcode"],
     "option '--detailed-exitcode' goes with --dry-run on live hosts only",
     "add --dry-run: without it, deploy changes the hosts"),
    (["deploy", REFERENCE, "--dry-run", "--offline", "--detailed-exitcode"],
     "option '--detailed-exitcode' goes with --dry-run on live hosts only",
     "offline, what is pending cannot be known"),
    (["deploy", REFERENCE, "--out", "/tmp"], "option '--out' goes with --offline only",
     "add --dry-run --offline"),
    (["deploy", REFERENCE, "--dry-run", "--show-secrets"],
     "option '--show-secrets' goes with --offline only", "add --dry-run --offline"),
    (["drain"], "no host given", "usage: clusterctl drain HOST|ROLE... [OPTIONS]"),
    (["drain", "--inventory", REFERENCE, "LVS-mastr"],
     f"'LVS-mastr' is no host of {REFERENCE}, and no role", "did you mean 'LVS-master'?"),
    (["undrain", "real-server", "--inventory", REFERENCE, "10.9.9.9"],
     f"'10.9.9.9' is no host of {REFERENCE}, and no role",
     "name hosts as in the inventory, or director, real-server, nfs or all; another inventory goes "
     "with --inventory"),
    # A role, an address and a name of the same host.
    *((["drain", word, "--inventory", REFERENCE],
       "NFS cannot be drained: it is no director and no real server",
       "no traffic is sent to it that another host could take")
      for word in ["nfs", "10.1.1.134", "NFS"]),
]


@pytest.mark.parametrize("args,message,hint", USAGE, ids=lambda x: None)
def test_usage_error(args, message, hint):
    r = run(*args)
    assert r.returncode == 64
    assert r.stdout == ""
    assert r.stderr == f"clusterctl: error: {message}\n" + (f"  hint: {hint}\n" if hint else "")


def test_a_report_that_cannot_be_written_is_found_before_anything_is_done(tmp_path):
    good = tmp_path / "report.html"
    for bad in (tmp_path / "missing" / "r.json", "/proc/r.json"):
        r = run("failover-test", "--all", "--report", good, "--report-json", bad, REFERENCE)
        assert r.returncode == 1 and r.stdout == ""
        assert r.stderr == f"clusterctl: error: cannot write '{bad}': No such file or directory\n"
    assert not list(tmp_path.iterdir())


def test_what_is_typed_is_quoted_for_the_terminal():
    assert "\\x1b[2J" in run("\033[2J").stderr


@pytest.mark.parametrize("command", [None] + COMMANDS)
def test_help(command):
    args = ["help"] + ([command] if command else [])
    r = run(*args)
    assert (r.returncode, r.stderr) == (0, "")
    assert max(map(len, r.stdout.splitlines())) <= 80
    golden("help" + (f"-{command}" if command else ""), r.stdout)
    assert run(*([command] if command else []), "--help").stdout == r.stdout


def test_version():
    r = run("version")
    assert r.returncode == 0 and re.fullmatch(r"clusterctl \d+\.\d+\.\d+\n", r.stdout)
    assert run("--version").stdout == r.stdout


def test_result_that_cannot_be_written_is_a_failure():
    with open("/dev/full", "w") as full:
        r = subprocess.run([CLUSTERCTL, "schema"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert r.returncode == 1
    assert r.stderr.startswith("clusterctl: error: cannot write to standard output: ")


def test_color_modes():
    assert "\033" not in run("nope").stderr
    assert "\033[31merror:" in run("--color=always", "nope").stderr
    assert "\033[31merror:" in run("check", "--color", "always", "/nonexistent").stderr
    assert "\033" in on_a_terminal([CLUSTERCTL, "nope"])
    assert "\033" not in on_a_terminal([CLUSTERCTL, "nope"], env={"NO_COLOR": "1"})
    assert "\033" not in on_a_terminal([CLUSTERCTL, "nope"], env={"TERM": "dumb"})
    assert "\033" not in on_a_terminal([CLUSTERCTL, "--color=never", "nope"])


# The inventory ----------------------------------------------------------------------------------

def test_where_the_inventory_comes_from(tmp_path):
    text = REFERENCE.read_text()
    (tmp_path / "inventory.json").write_text(text)
    (tmp_path / "other.json").write_text(text)
    assert run("check", cwd=tmp_path).stdout.startswith("inventory.json: ok: cluster ")
    env = {"CLUSTERCTL_INVENTORY": "other.json"}
    assert run("check", cwd=tmp_path, env=env).stdout.startswith("other.json: ok: ")
    assert run("check", "inventory.json", cwd=tmp_path, env=env).stdout.startswith("inventory.json: ")


def test_no_inventory(tmp_path):
    r = run("check", cwd=tmp_path)
    assert r.returncode == 1
    assert "hint: name the inventory as an argument or in $CLUSTERCTL_INVENTORY" in r.stderr
    assert "$CLUSTERCTL_INVENTORY" not in run("check", "nope.json", cwd=tmp_path).stderr


def test_check_says_what_it_found():
    r = run("check", REFERENCE.name, cwd=REFERENCE.parent)
    assert (r.returncode, r.stderr) == (0, "")
    assert r.stdout == ("reference.json: ok: cluster web, 2 directors, 2 real servers, 1 NFS server, "
                        "VIP 10.1.1.140\n")


def test_bad_inventory(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text('{"nmae": 1}')
    r = run("check", "bad.json", cwd=tmp_path)
    assert r.returncode == 65 and r.stdout == ""
    assert re.match(r"bad\.json:1:\d+: error: ", r.stderr)
    assert re.search(r"^\d+ errors?$", r.stderr.splitlines()[-1])
    for command in ["deploy", "verify", "doctor", "status"]: # the same, before any connection
        again = run(command, "bad.json", cwd=tmp_path)
        assert (again.returncode, again.stdout, again.stderr) == (65, "", r.stderr)


def test_check_json(tmp_path):
    r = run("check", "--output", "json", REFERENCE)
    assert r.returncode == 0
    assert json.loads(r.stdout) == {"type": "result", "file": str(REFERENCE), "ok": True, "errors": 0,
                                    "cluster": "web", "hosts": 5}
    bad = tmp_path / "bad.json"
    bad.write_text('{"nmae": 1}')
    r = run("check", "--output", "json", bad)
    lines = [json.loads(line) for line in r.stdout.splitlines()]
    assert r.returncode == 65 and r.stderr == ""
    assert lines[-1]["errors"] == len(lines) - 1 > 0
    assert all(x["type"] == "diagnostic" and x["line"] == 1 for x in lines[:-1])


# Offline ----------------------------------------------------------------------------------------

def offline(*args):
    return run("deploy", "--dry-run", "--offline", *args)


def with_secret(tmp_path):
    inventory = json.loads(REFERENCE.read_text())
    inventory.setdefault("vrrp", {}).update(version=2, advert_interval=1, auth_pass="s3cr3t")
    path = tmp_path / "secret.json"
    path.write_text(json.dumps(inventory))
    assert run("check", path).returncode == 0, run("check", path).stderr
    return path


def test_offline_is_the_same_every_time():
    r = offline(REFERENCE)
    assert (r.returncode, r.stderr) == (0, "")
    assert r.stdout == offline(REFERENCE).stdout
    assert "==> Web01-RS: plan <==\n" in r.stdout
    assert re.search(r"^==> LVS-master:/etc/keepalived/keepalived\.conf \(\d{4} root:root\) <==$",
                     r.stdout, re.M)


def test_offline_stars_secrets_out(tmp_path):
    path = with_secret(tmp_path)
    r = offline(path)
    assert "auth_pass ********" in r.stdout and "s3cr3t" not in r.stdout + r.stderr
    assert "s3cr3t" not in offline(path, "--output=json").stdout
    assert "auth_pass s3cr3t" in offline(path, "--show-secrets").stdout


def test_offline_json():
    lines = [json.loads(line) for line in offline(REFERENCE, "--output=json").stdout.splitlines()]
    assert {x["type"] for x in lines} == {"resource"}
    assert {x["host"] for x in lines} == {"LVS-master", "LVS-node01", "Web01-RS", "Web02-RS", "NFS"}
    assert any(x["resource"] == "file" and "content" in x for x in lines)


def test_offline_directory(tmp_path):
    out = tmp_path / "out"
    r = offline(with_secret(tmp_path), "--out", out)
    assert (r.returncode, r.stdout) == (0, "")
    conf = out / "LVS-master/etc/keepalived/keepalived.conf"
    assert "auth_pass s3cr3t" in conf.read_text()
    assert "service keepalived.service" in (out / "LVS-master/clusterctl.plan").read_text()
    for path in out.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_offline_directory_again_replaces_and_removes(tmp_path):
    out = tmp_path / "out"
    assert offline(REFERENCE, "--out", out).returncode == 0
    inventory = REFERENCE.read_text().replace("Web02-RS", "Web03-RS")
    (tmp_path / "other.json").write_text(inventory)
    (out / "NFS/notes.txt").write_text("mine")
    assert offline(tmp_path / "other.json", "--out", out).returncode == 0
    assert not (out / "Web02-RS").exists() and (out / "Web03-RS/clusterctl.plan").exists()
    assert (out / "NFS/notes.txt").read_text() == "mine"


def test_offline_directory_of_someone_else_is_refused(tmp_path):
    (tmp_path / "precious").write_text("x")
    r = offline(REFERENCE, "--out", tmp_path)
    assert r.returncode == 64
    assert r.stderr == (f"clusterctl: error: '{tmp_path}' holds files that clusterctl did not write\n"
                        "  hint: name a directory that is empty or does not exist yet\n")
    assert [p.name for p in tmp_path.iterdir()] == ["precious"]


def test_templates_directory_is_checked_first(tmp_path):
    r = offline(REFERENCE, "--templates", tmp_path / "nope")
    assert r.returncode in (1, 64) and "option '--templates'" in r.stderr
    (tmp_path / "unheard-of").write_text("")
    r = offline(REFERENCE, "--templates", tmp_path)
    assert r.returncode == 64 and r.stdout == ""


# Renderers --------------------------------------------------------------------------------------

RENDERED = {
    "plain": ["plain"],
    "plain-quiet": ["plain", "--quiet"],
    "plain-dry-run": ["plain", "plan"],
    "plain-color": ["plain", "--color"],
    "json": ["json"],
    "plan": ["plan"],
    "plan-color": ["plan", "--color"],
    "outcome": ["outcome"],
    "outcome-json": ["outcome-json"],
    "checks": ["checks"],
    "checks-color": ["checks", "--color"],
    "checks-json": ["checks-json"],
    "metrics": ["metrics"],
    "junit": ["junit"],
    "status": ["status"],
    "status-broken": ["status-broken"],
    "status-broken-color": ["status-broken", "--color"],
    "status-json": ["status-json"],
    "status-broken-json": ["status-broken-json"],
}


@pytest.mark.parametrize("name", RENDERED)
def test_renderer(name):
    r = run(*RENDERED[name], program=RENDER)
    assert (r.returncode, r.stderr) == (0, "")
    hostile = r.stdout if "--color" not in RENDERED[name] else re.sub(r"\033\[\d+m", "", r.stdout)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", hostile)
    golden(name, r.stdout)
    if "json" in name:
        for line in r.stdout.splitlines():
            json.loads(line)
    if name == "junit":
        ET.fromstring(r.stdout)
    if name == "metrics":
        check = subprocess.run(["promtool", "check", "metrics"], input=r.stdout, text=True,
                               capture_output=True)
        assert (check.returncode, check.stdout + check.stderr) == (0, "")


class Screen:
    """As much of a terminal as the live table uses; anything else is an error."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines, self.x, self.y = [[" "] * columns for _ in range(rows)], 0, 0
        self.cursor, self.other = True, False

    def feed(self, data):
        for part in re.findall(r"\033\[[?\d;]*[A-Za-z]|.", data, re.S):
            self.sequence(part) if part.startswith("\033[") else self.char(part)

    def sequence(self, s):
        arg, final = s[2:-1], s[-1]
        if final == "A":
            assert int(arg) <= self.y, "the cursor would leave the screen"
            self.y -= int(arg)
        elif final == "K":
            self.lines[self.y][self.x:] = [" "] * (self.columns - self.x)
        elif final == "J":
            assert self.x == 0 and arg == ""
            self.lines[self.y:] = [[" "] * self.columns for _ in range(self.rows - self.y)]
        elif s in ("\033[?1049h", "\033[?1049l"):
            self.other = final == "h"
        elif s == "\033[H":
            assert self.other
            self.x = self.y = 0
        elif s in ("\033[?25l", "\033[?25h"):
            self.cursor = final == "h"
        else:
            assert final == "m", f"unexpected {s!r}"

    def char(self, c):
        if c == "\r":
            self.x = 0
        elif c == "\n":
            self.y += 1
            if self.y == self.rows:
                self.lines = self.lines[1:] + [[" "] * self.columns]
                self.y -= 1
        else:
            if self.x == self.columns: # wraps; a table's line that did would spoil the next frame
                self.char("\r")
                self.char("\n")
            self.lines[self.y][self.x] = c
            self.x += 1

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.lines).rstrip() + "\n"


def on_a_terminal(argv, columns=80, rows=24, env=None, interrupted_at=None):
    """What the program writes to a terminal of that size; SIGINT when it has written this twice."""
    pid, fd = pty.fork()
    if pid == 0:
        import fcntl, struct, termios
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.execve(argv[0], [str(a) for a in argv], {"TERM": "xterm"} | ENV | (env or {}))
    watchdog = threading.Timer(30, os.kill, (pid, signal.SIGKILL))
    watchdog.start()
    out = b""
    try:
        while data := os.read(fd, 65536):
            out += data
            if interrupted_at and out.count(interrupted_at) >= 2:
                os.kill(pid, signal.SIGINT)
                interrupted_at = None
    except OSError: # the end of a pty
        pass
    watchdog.cancel()
    os.waitpid(pid, 0)
    os.close(fd)
    return out.decode()


LIVE = {
    "live-80x24": (80, 24, ["live"]),
    "live-50x16": (50, 16, ["live"]),
    "live-80x16-many-hosts": (80, 16, ["live", "--hosts", "40"]),
    "live-80x24-interrupted": (80, 24, ["live", "--interrupt"]),
    "live-80x24-dry-run": (80, 24, ["live", "plan"]),
    "live-80x24-verify": (80, 24, ["live", "verify"]),
}


@pytest.mark.parametrize("name", LIVE)
def test_live(name):
    columns, rows, args = LIVE[name]
    screen = Screen(columns, rows)
    written = on_a_terminal([RENDER, *args], columns, rows)
    screen.feed(written)
    assert screen.cursor and written.count("\033[?25l") == 1
    golden(name, screen.text())


def test_live_in_the_middle():
    """The frame of 11.3 s: one step at work, one host waiting, one locked, one connecting."""
    written = on_a_terminal([RENDER, "live"])
    screen = Screen(80, 24)
    screen.feed(written[:written.index("\033[J", written.index("11.3s"))])
    assert not screen.cursor
    golden("live-middle", screen.text())


def test_live_without_utf8_is_ascii():
    written = on_a_terminal([RENDER, "live"], env={"LC_ALL": "C"})
    assert written.isascii()
    screen = Screen(80, 24)
    screen.feed(written)
    golden("live-ascii", screen.text())


def test_live_frames_are_few():
    # 83.5 s of made-up time with about 60 events and ticks: never two frames within 100 ms.
    written = on_a_terminal([RENDER, "live"])
    assert 3 < len(re.findall(r"\033\[J", written)) < 40


def test_status_screen():
    """The second report takes the first one's place; no line wraps, and none scrolls."""
    for columns, rows in [(80, 24), (40, 10), (20, 3)]:
        written = on_a_terminal([RENDER, "status-screen", "--color"], columns, rows)
        assert written.startswith("\033[?1049h\033[?25l")
        frames, _, left = written.partition("\033[?25h\033[?1049l")
        screen = Screen(columns, rows)
        screen.feed(frames)
        assert not screen.cursor and screen.other
        golden(f"status-screen-{columns}x{rows}", screen.text())
        assert "everything is at work" not in left and "14 not at work" in left


def test_status_usage():
    r = run("status", "--watch=0.5", REFERENCE)
    assert r.returncode == 64 and "less than 1s between two looks" in r.stderr
    r = run("status", "--watch=soon", REFERENCE)
    assert r.returncode == 64 and "'soon' is not a time" in r.stderr


@pytest.fixture
def nobody_there(tmp_path):
    """An inventory at whose addresses nothing listens."""
    inventory = json.loads(REFERENCE.read_text())
    for n, host in enumerate(inventory["hosts"]):
        host["address"] = f"127.0.0.{n + 1}"
    inventory["ssh"] = {"port": 1}
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(inventory))
    return path


def test_status_without_a_host(nobody_there):
    r = run("status", nobody_there)
    assert r.returncode == 69 and r.stderr == ""
    assert len(re.findall(r"unreachable: .*Connection refused", r.stdout)) == 5
    r = run("status", "--output=json", nobody_there)
    report = json.loads(r.stdout)
    assert r.returncode == report["exit_status"] == 69
    assert {h["answer"] for h in report["hosts"]} == {"unreachable"}
    assert report["services"][0]["present"] is False


def watching(path, *args):
    return subprocess.Popen([CLUSTERCTL, "status", *args, path], env=ENV, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)


def ended_at_the_second(p, pattern, number):
    """What it writes when this signal is sent as soon as a second line is like that."""
    out = ""
    while len(re.findall(pattern, out, re.M)) < 2:
        line = p.stdout.readline()
        assert line, (out, p.stderr.read())
        out += line
    p.send_signal(number)
    out += p.stdout.read()
    assert (p.wait(10), p.stderr.read()) == (0, "")
    return out


def test_status_watch_elsewhere_than_on_a_terminal(nobody_there):
    out = ended_at_the_second(watching(nobody_there, "--watch=1"), r"^==> \S+Z <==$", signal.SIGINT)
    assert "\033" not in out


def test_status_watch_json(nobody_there):
    out = ended_at_the_second(watching(nobody_there, "--watch=1", "--output=json"), "^{.*}$", signal.SIGTERM)
    assert len([json.loads(line) for line in out.splitlines()]) >= 2


def test_status_watch_interrupted_before_there_was_anything(silent_hosts):
    p = watching(silent_hosts.inventory, "--watch")
    silent_hosts.asked()
    p.send_signal(signal.SIGINT)
    out, _ = p.communicate(timeout=10)
    assert (p.returncode, out) == (130, "")


def test_status_watch_gives_the_terminal_back(nobody_there):
    written = on_a_terminal([CLUSTERCTL, "status", "--watch=1", nobody_there], interrupted_at=b"\033[H")
    assert written.count("\033[?1049h") == written.count("\033[?1049l") == 1
    assert written.count("\033[H") >= 2
    frames, _, left = written.partition("\033[?1049l")
    assert frames.endswith("\033[?25h") and "unreachable" in left


# Signals ----------------------------------------------------------------------------------------

class SilentHosts:
    """Hosts that let a connection wait and never say a word."""

    def __init__(self, folder):
        model = json.loads(REFERENCE.read_text())
        port = 0
        self.listeners = []
        for n, host in enumerate(model["hosts"]):
            host["address"] = f"127.0.0.{n + 1}"
            self.listeners.append(socket.create_server((host["address"], port), backlog=64))
            port = self.listeners[0].getsockname()[1]
        model["ssh"] = {"port": port}
        self.inventory = folder / "inventory.json"
        self.inventory.write_text(json.dumps(model))

    def asked(self):
        """Somebody has connected: who did is ready for signals."""
        assert select.select(self.listeners, [], [], 20)[0]


@pytest.fixture
def silent_hosts(tmp_path):
    hosts = SilentHosts(tmp_path)
    yield hosts
    for x in hosts.listeners:
        x.close()


def start(hosts, *command):
    """When it returns, it is at work."""
    p = subprocess.Popen([*command, hosts.inventory], env=ENV, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    hosts.asked()
    return p


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", ["deploy", "verify", "doctor", "status"])
def test_interrupted(silent_hosts, command, number):
    p = start(silent_hosts, CLUSTERCTL, command)
    p.send_signal(number)
    out, err = p.communicate(timeout=10)
    assert p.returncode == 130
    assert "clusterctl: interrupting: " in err
    if command == "deploy":
        assert out.endswith(f"\nInterrupted.\n\nTo continue:\n  clusterctl deploy {silent_hosts.inventory}\n")


def test_one_signal_sent_twice_at_once_is_one(silent_hosts):
    p = start(silent_hosts, CLUSTERCTL, "deploy")
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGCONT):
        p.send_signal(number)
    out, _ = p.communicate(timeout=10)
    assert p.returncode == 130 and "Interrupted.\n" in out


def test_nohup_is_respected(silent_hosts):
    p = start(silent_hosts, "nohup", CLUSTERCTL, "deploy")
    p.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert p.poll() is None
    p.kill()
    p.communicate()


# The manual page --------------------------------------------------------------------------------

def manual():
    return (ROOT / "man/clusterctl.1").read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_manual_has_every_option(command):
    text = manual()
    assert re.search(rf"^\.It Ic (\w+ , )*{command}\b", text, re.M)
    for option in re.findall(r"^  --([a-z-]+)", run("help", command).stdout, re.M):
        assert re.search(rf"\bFl -{option}\b", text), f"--{option} is not in clusterctl(1)"


def test_manual_has_no_option_too_many():
    known = set()
    for command in COMMANDS + [None]:
        text = run("help", *([command] if command else [])).stdout
        known |= set(re.findall(r"^  --([a-z-]+)", text, re.M))
    assert set(re.findall(r"\bFl -([a-z][a-z-]*)", manual())) <= known


def test_manual_has_every_exit_status_and_field():
    text = manual()
    for status in [0, 1, 2, 64, 65, 69, 75, 130]:
        assert re.search(rf"^\.It {status}$", text, re.M)
    seen = set()

    def collect(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                seen.add(key)
                collect(inner)
        for inner in value if isinstance(value, list) else []:
            collect(inner)

    for name in ["json", "outcome-json", "checks-json", "status-broken-json"]:
        for line in run(*RENDERED[name], program=RENDER).stdout.splitlines():
            value = json.loads(line)
            collect(value)
            seen.add(value["type"])
    missing = [x for x in sorted(seen) if not re.search(rf"\b{re.escape(x)}\b", text)]
    assert not missing


def test_manual_is_clean():
    r = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", ROOT / "man/clusterctl.1"],
                       capture_output=True, text=True)
    assert (r.returncode, r.stdout) == (0, "")
