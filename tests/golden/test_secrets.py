"""Secrets of an inventory that come from elsewhere: the environment, a file, a command."""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import time

import pytest

from test_render import CLUSTERCTL, TOP

NOBODY = 65534
FIELDS = [("vrrp", "auth_pass"), ("ssh", "password"), ("ssh", "passphrase"), ("ssh", "become_password")]


def inventory(tmp_path, secret, where=("vrrp", "auth_pass")):
    model = json.loads((TOP / "inventory/examples/reference.json").read_text())
    model["vrrp"].update(version=2, advert_interval=1)
    model.setdefault(where[0], {})[where[1]] = secret
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(model))
    path.chmod(0o600)
    return path


def clusterctl(*args, env=None, **options):
    return subprocess.run([CLUSTERCTL, *args], capture_output=True, text=True, check=False, timeout=100,
                          stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})}, **options)


def rendered(path, **options):
    """auth_pass as it would stand on the directors, or the complaint."""
    r = clusterctl("deploy", "--offline", "--dry-run", "--show-secrets", path, **options)
    assert r.returncode in (0, 65), r.stderr
    if r.returncode:
        return r.stderr
    return r.stdout.split("auth_pass ")[1].split()[0]


def private(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


def test_sources(tmp_path):
    assert rendered(inventory(tmp_path, {"env": "A_PASS"}), env={"A_PASS": "fr0menv"}) == "fr0menv"
    private(tmp_path / "pass", "fr0mfile\nmore\n")
    assert rendered(inventory(tmp_path, {"file": "pass"}), cwd="/") == "fr0mfile"
    assert rendered(inventory(tmp_path, {"command": "echo fr0m; echo more"})) == "fr0m"
    read, write = os.pipe()
    os.write(write, b"fr0mfd\n")
    os.close(write)
    assert rendered(inventory(tmp_path, {"file": f"/dev/fd/{read}"}), pass_fds=[read]) == "fr0mfd"
    os.close(read)


def has_open(process, path):
    def is_it(descriptor):
        try:
            return descriptor.samefile(path)
        except FileNotFoundError:  # closed meanwhile
            return False
    return any(map(is_it, pathlib.Path(f"/proc/{process.pid}/fd").iterdir()))


def test_a_fifo_is_waited_for_once_it_is_open(tmp_path):
    """The minute that it has does not pass in open()."""
    fifo = tmp_path / "pass"
    os.mkfifo(fifo, 0o600)
    p = subprocess.Popen([CLUSTERCTL, "deploy", "--offline", "--dry-run", "--show-secrets",
                          inventory(tmp_path, {"file": "pass"})], stdout=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 10
        while not has_open(p, fifo):
            assert p.poll() is None and time.monotonic() < deadline, "not open"
            time.sleep(0.02)
        time.sleep(0.2)
        assert p.poll() is None
        fifo.write_text("fr0mpipe\n")
        assert "auth_pass fr0mpipe" in p.communicate(timeout=20)[0]
    finally:
        p.kill()
        p.wait()


def test_each_source_is_asked_once(tmp_path):
    path = inventory(tmp_path, {"command": f"echo x >>{tmp_path}/times; echo s3cret"}, ("ssh", "password"))
    model = json.loads(path.read_text())
    for host in model["hosts"]:
        host["ssh"] = {"password": model["ssh"]["password"]}
    path.write_text(json.dumps(model))
    r = clusterctl("check", path)
    assert r.returncode == 0 and (tmp_path / "times").read_text() == "x\n", r


LOGIN = {"CLUSTERCTL_SSH_PASSWORD": "CAN4RY1", "CLUSTERCTL_PASSPHRASE": "CAN4RY2",
         "CLUSTERCTL_SUDO_PASSWORD": "CAN4RY3"}


@pytest.mark.parametrize("command,variable", [(("ssh", "password"), ("vrrp", "auth_pass")),
                                              (("vrrp", "auth_pass"), ("ssh", "password"))])
def test_a_command_inherits_no_secret(tmp_path, command, variable):
    """Whatever is read first; all else that it may need is there."""
    path = inventory(tmp_path, {"command": f"cat /proc/$$/environ >{tmp_path}/environ; echo s3cret"}, command)
    model = json.loads(path.read_text())
    model.setdefault(variable[0], {})[variable[1]] = {"env": "A_PASS"}
    path.write_text(json.dumps(model))
    r = clusterctl("check", path, env={**LOGIN, "A_PASS": "CAN4RY4", "OTHER": "th3re"})
    environ = (tmp_path / "environ").read_text()
    assert r.returncode == 0 and "OTHER=th3re" in environ and "CAN4RY" not in environ, (r, environ)


@pytest.mark.parametrize("section,key", FIELDS)
@pytest.mark.parametrize("source,why", [
    ({"env": "NO_SUCH_VARIABLE"}, 'the environment variable "NO_SUCH_VARIABLE" is not set'),
    ({"file": "/nonexistent/pass"}, 'cannot read the file "/nonexistent/pass": No such file'),
    ({"file": "/"}, '"/" is a directory'),
    ({"file": "open"}, "lets others read it"),
    ({"file": "none"}, "must"),
    ({"command": "echo CAN4RY; exit 3"}, "has ended with status 3"),
    ({"command": "kill -9 $$"}, "has ended with signal 9"),
    ({"command": "printf 'CAN4\\001RY'"}, "control character 0x01"),
    ({"command": "head -c 5000 /dev/zero | tr '\\0' C"}, "is 4095 bytes long"),
    ({}, "must be a string, or an object with one of"),
    ({"env": "A", "file": "B"}, "must be a string, or an object with one of"),
    ({"env": 1}, "must be a string, or an object with one of"),
    ({"enw": "A"}, "must be a string, or an object with one of"),
    ("", "must"),
    (1, "must be a string or an object, not a number"),
])
def test_what_is_wrong(tmp_path, section, key, source, why):
    """With its place, and without the value, whether there is a network or not."""
    private(tmp_path / "open", "CAN4RY\n", 0o644)
    private(tmp_path / "none", "")
    path = inventory(tmp_path, source, (section, key))
    for args in (["check", path], ["deploy", "--offline", "--dry-run", path]):
        r = clusterctl(*args)
        assert r.returncode == 65, r
        said = r.stderr.replace('"echo CAN4RY; exit 3"', "")
        assert f": error: {key}" in said and why in said and f"(at /{section}/{key})" in said, said
        assert "CAN4RY" not in said and "CAN4\\x01RY" not in said, said


def test_rules_hold_for_the_value(tmp_path):
    r = clusterctl("check", inventory(tmp_path, {"command": "echo toolong99"}))
    assert r.returncode == 65 and "at most 8" in r.stderr and "toolong99" not in r.stderr.replace('"echo toolong99"', "")




CORE = re.compile(r"^Max core file size +(\S+) +(\S+) ", re.M)


@pytest.mark.parametrize("secret,kept", [("gu3ssme", False), ({"env": "A_PASS"}, True)])
def test_no_digest_to_guess_by_is_kept(tmp_path, secret, kept):
    """Of an inventory that a secret stands in, in this operator's journal. Nobody is there to be deployed to."""
    path, journal = inventory(tmp_path, secret), tmp_path / "journal"
    model = json.loads(path.read_text())
    for n, host in enumerate(model["hosts"]):
        host["address"] = f"127.0.0.{n + 1}"
    model["ssh"] = {"port": 1}
    path.write_text(json.dumps(model))
    r = clusterctl("deploy", "--no-verify", path, env={"A_PASS": "fr0menv", "CLUSTERCTL_JOURNAL": str(journal)})
    begun = json.loads(journal.read_text().splitlines()[0])
    assert r.returncode == 69 and begun["command"] == "deploy", r
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert (digest in journal.read_text()) == kept == (begun.get("inventory_sha256") == digest), begun
    assert begun.get("inventory_secret", False) != kept


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
@pytest.mark.parametrize("uid,hard", [(0, "unlimited"), (NOBODY, "0"), (NOBODY, "unlimited")])
def test_no_memory_is_dumped(tmp_path, uid, hard):
    """The kernel pipes a core away at every limit but 1, though not that of what /proc gives to root."""
    program = os.open(CLUSTERCTL, os.O_RDONLY)
    read, write = os.pipe()
    os.fchown(read, uid, uid)
    os.write(write, b"fr0mfd\n")
    os.close(write)
    p = subprocess.Popen(["prlimit", f"--core={hard}:{hard}", "setpriv", f"--reuid={uid}", f"--regid={uid}",
                          "--clear-groups", f"/proc/self/fd/{program}", "deploy", "--offline", "--dry-run",
                          "--show-secrets", "/dev/stdin"], pass_fds=[program, read], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True)
    try:
        os.fchown(p.stdin.fileno(), uid, uid)
        proc = pathlib.Path(f"/proc/{p.pid}")

        def is_safe():
            marked = uid and (proc / "environ").stat().st_uid == 0
            return marked or CORE.search((proc / "limits").read_text()).groups() == ("1", "1")

        deadline = time.monotonic() + 10
        while not (proc / "cmdline").read_bytes().startswith(b"/proc/self") or not is_safe():
            assert p.poll() is None and time.monotonic() < deadline, (proc / "limits").read_text()
            time.sleep(0.02)
        # What a secret comes from can be opened all the same.
        said = p.communicate(inventory(tmp_path, {"file": f"/dev/fd/{read}"}).read_text(), timeout=20)[0]
        assert "auth_pass fr0mfd" in said
    finally:
        p.kill()
        p.wait()
        os.close(program)
        os.close(read)
