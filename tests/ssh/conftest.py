"""A real sshd on loopback for the tests of ssh/, and ssh_tool as the client."""

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

# Ignored where a shell has started us in the background, and then by all that we start.
signal.signal(signal.SIGINT, signal.default_int_handler)

CHECKOUT = Path(__file__).resolve().parents[2]
TOOL = os.environ.get("SSH_TOOL", str(CHECKOUT / "build/tests/ssh/ssh_tool"))
BUILD = os.environ.get("CLUSTERCTL_BUILD", "").rpartition("/")[2]  # tests/run names it: gcc, asan, tsan
SANITIZERS = {  # for a build with -Db_sanitize=address; any other build ignores them
    "ASAN_OPTIONS": "fast_unwind_on_malloc=0:exitcode=99",
    "LSAN_OPTIONS": f"suppressions={Path(__file__).parent}/lsan.supp:print_suppressions=0",
    "UBSAN_OPTIONS": "halt_on_error=1:exitcode=98",
}
os.environ.update(SANITIZERS)  # for whatever program a test starts
# glibc makes threads for getaddrinfo_a() that ThreadSanitizer knows nothing of: it crashes.
no_tsan = pytest.mark.skipif(BUILD == "tsan", reason="a name is looked up")
LIMIT = 60  # seconds; far beyond what anything here takes

# Bash reads ~/.bashrc when sshd starts it at SHLVL below 2, which can take long; skip that.
CONFIG = """
Port {port}
ListenAddress 127.0.0.1
AuthorizedKeysFile {dir}/authorized_keys
StrictModes no
UsePAM no
PermitRootLogin yes
PidFile none
SetEnv SHLVL=5
"""
# What sshd says of an address that another has; with several, it goes on.
TAKEN = re.compile(rb"Bind to port \d+ on \S+ failed")


class Result:
    """What ssh_tool printed, as attributes: r.error, r.message, r.status, ..."""

    def __init__(self, text, returncode, seconds):
        self.text, self.returncode, self.seconds = text, returncode, seconds
        self.values = {}
        for line in text.splitlines():
            key, _, value = line.partition(": ")
            self.values.setdefault(key, value)

    def __getattr__(self, key):
        return self.values.get(key)

    def __repr__(self):
        return f"exit {self.returncode} after {self.seconds:.2f} s\n{self.text}"


def tool(*args, env=None, **options):
    """Run ssh_tool; option=[a, b] gives the option twice."""
    argv = [TOOL]
    for key, value in options.items():
        for v in value if isinstance(value, list) else [value]:
            argv.append(f"{key}={v}")
    env = {**SANITIZERS, **(os.environ if env is None else env)}
    start = time.monotonic()
    p = subprocess.run(argv + list(args), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                       env=env, timeout=LIMIT, text=True, errors="replace")
    return Result(p.stdout, p.returncode, time.monotonic() - start)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def keygen(path, kind="ed25519", *more, passphrase=""):
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", path.name, "-f", path,
                    *more], check=True)
    return path


def public(path):
    """"type base64" of a key pair."""
    return " ".join(Path(f"{path}.pub").read_text().split()[:2])


def eventually(condition, what):
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, f"gave up waiting until {what}"
        time.sleep(0.01)


def answers(address, port):
    try:
        with socket.create_connection((address, port), timeout=5) as s:
            return s.recv(4) == b"SSH-"
    except OSError:
        return False


class Sshd:
    prefix = []  # what starts it
    config = CONFIG
    key_types = ("ed25519", "ecdsa", "rsa")

    def __init__(self, directory, host_keys=("ed25519", "ecdsa", "rsa"), more=""):
        self.dir = directory
        self.more = more
        self.keys = {k: keygen(directory / f"id_{k}", k) for k in self.key_types}
        self.host_keys = {k: keygen(directory / f"host_{k}", k) for k in host_keys}
        self.authorize(*self.keys.values())
        self.start()
        self.known_hosts = self.write("known_hosts",
                                      f"{self.name} {public(self.host_keys['ed25519'])}\n")

    def start(self):
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        for _ in range(5):  # another process may take the port between finding and using it
            self.port = free_port()
            config = self.config.format(port=self.port, dir=self.dir) + self.more
            config += "".join(f"HostKey {k}\n" for k in self.host_keys.values())
            path = self.write("sshd_config", config)
            with open(self.dir / "sshd.log", "ab") as log:
                before = log.tell()
                self.process = subprocess.Popen([*self.prefix, "/usr/sbin/sshd", "-D", "-e", "-f", path],
                                                stderr=log, stdin=subprocess.DEVNULL)
            eventually(lambda: self.process.poll() is not None or self.started(before), "sshd answers")
            if self.process.poll() is None and not TAKEN.search(self.said(before)):
                return
            self.stop()
        pytest.fail("sshd does not start: " + (self.dir / "sshd.log").read_text())

    def said(self, before):
        return (self.dir / "sshd.log").read_bytes()[before:]

    def started(self, before):
        """It has all of its addresses, and not another suite's sshd answers; or it cannot have them."""
        said = self.said(before)
        return TAKEN.search(said) or b"Server listening on" in said and answers("127.0.0.1", self.port)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    @property
    def name(self):
        return f"[127.0.0.1]:{self.port}"

    def write(self, name, text):
        path = self.dir / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(0o600)
        return path

    def authorize(self, *keys):
        self.write("authorized_keys", "".join(f"{public(k)}\n" for k in keys))

    def run(self, *command, **options):
        options = {"port": self.port, "identity": self.keys["ed25519"],
                   "known_hosts": self.known_hosts, **options}
        return tool(*command, **{k: v for k, v in options.items() if v is not None})


@pytest.fixture(scope="session")
def sshd(tmp_path_factory):
    server = Sshd(tmp_path_factory.mktemp("sshd"))
    yield server
    server.stop()
