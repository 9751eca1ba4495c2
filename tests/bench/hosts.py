"""Hosts for the benches: addresses of a network namespace, all on this machine.

One sshd serves them all; its every session is in a set of namespaces of the host's own (many-hosts/enter). What it does
there is real but for systemctl, ip and the like.
"""
import collections
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("CLUSTERCTL_BUILD", HERE.parents[1] / "build"))
CLUSTERCTL = BUILD / "cli/clusterctl"
KIT = HERE / "many-hosts"
PORT = 2200
SSHD = """
Port {port}
HostKey {dir}/host_key
AuthorizedKeysFile {dir}/key.pub
ForceCommand HOSTS={dir} {dir}/enter
StrictModes no
UsePAM no
PermitRootLogin yes
MaxStartups 4000
PidFile none
LogLevel VERBOSE
SetEnv SHLVL=5
"""
# The kernel's own of a director, and what is asked of every host.
SYSCTLS = ["expire_nodest_conn", "conn_reuse_mode", "expire_quiescent_template", "sloppy_tcp", "conntrack"]


def address(n):
    return f"10.99.{n // 250}.{n % 250 + 1}"


def keygen(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


def enter_namespace():
    """A network and mounts of our own, for the rest of the program."""
    if os.geteuid() != 0:
        sys.exit(f"{sys.argv[0]}: needs root (namespaces, sshd)")
    if os.environ.get("BENCH_INSIDE") != "1":
        os.environ["BENCH_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "-n", "-m", sys.argv[0], *sys.argv[1:]])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "route", "add", "local", "10.99.0.0/16", "dev", "lo"], check=True)
    subprocess.run(["ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth1"], check=True)  # keepalived -t wants it
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left behind


def require(commands):
    """{command: Debian's package}: all of them are there, or it ends with what to install."""
    missing = sorted({package for command, package in commands.items() if not shutil.which(command)})
    if missing:
        sys.exit(f"{sys.argv[0]}: missing: apt-get install --no-install-recommends {' '.join(missing)}")


def bare_client(directory):
    """Compiles bare.c: what libssh2 itself costs."""
    tool = pathlib.Path(directory) / "bare"
    subprocess.run(["cc", "-O2", "-o", tool, HERE / "bare.c", "-lssh2", "-lpthread"], check=True)
    return tool


def goal(what, value, limit, least=False):
    met = value >= limit if least else value <= limit
    print(f"{'met   ' if met else 'missed'} {what}: {value:.2f} (goal {'≥' if least else '≤'} {limit})", flush=True)
    return met


def make_host(at):
    for d in ("etc", "etc.work", "var", "var.work", "run/systemd/system"):
        (at / d).mkdir(parents=True)
    for kind in ("all", "default", "lo", "eth0"):
        (at / "ipv4/conf" / kind).mkdir(parents=True)
        for name in ("arp_ignore", "arp_announce", "rp_filter", "forwarding"):
            (at / "ipv4/conf" / kind / name).write_text("0\n")
    (at / "ipv4/vs").mkdir()
    for name in SYSCTLS:
        (at / "ipv4/vs" / name).write_text("0\n")
    (at / "ipv4/ip_forward").write_text("0\n")


class Hosts:
    def __init__(self, n):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="many-", dir="/srv"))
        self.dir.chmod(0o755)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", self.dir], check=True)
        shutil.copy(KIT / "enter", self.dir)
        shutil.copytree(KIT, self.dir / "bin", ignore=shutil.ignore_patterns("enter"))
        for m in ("ip_vs", "ip_vs_rr", "ip_vs_wlc"):
            (self.dir / "module" / m).mkdir(parents=True)
        self.host_key, _ = keygen(self.dir / "host_key"), keygen(self.dir / "key")
        for i in range(n):
            make_host(self.dir / "at" / address(i))
        (self.dir / "sshd_config").write_text(SSHD.format(port=PORT, dir=self.dir))
        os.makedirs("/run/sshd", exist_ok=True)
        self.log = open(self.dir / "sshd.log", "wb")
        self.sshd = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", self.dir / "sshd_config"], stderr=self.log)
        while self.sshd.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((address(0), PORT), 1):
                break
            time.sleep(0.05)
        self.read = 0
        while not self.connections():  # that was us
            time.sleep(0.05)
        self.inventory = self.dir / "inventory.json"
        self.write(n)

    def write(self, n, ports=(80,)):
        hosts = [{"name": f"lvs{i + 1}", "address": address(i), "role": "director"} for i in range(2)]
        hosts += [{"name": f"web{i - 1}", "address": address(i), "role": "real_server"} for i in range(2, n)]
        self.inventory.write_text(json.dumps({
            "cluster": "many", "vip": "10.99.200.1", "vrrp": {"virtual_router_id": 10, "interface": "eth0"},
            "services": [{"port": p} for p in ports], "hosts": hosts,
            "ssh": {"user": "root", "port": PORT, "identity": str(self.dir / "key"), "pinned_keys": self.host_key}}))

    def ssh(self, i):
        """argv of OpenSSH to host i, with the algorithms that libssh2 and this sshd come to."""
        return ["ssh", "-F", "none", "-i", self.dir / "key", "-p", str(PORT), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
                "-o", "KexAlgorithms=curve25519-sha256", "-o", "Ciphers=aes128-ctr", "-o", "MACs=hmac-sha2-256",
                "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={self.dir}/known_hosts",
                "-o", "LogLevel=ERROR", f"root@{address(i)}"]

    def connections(self):
        """How many each address has had since the last call."""
        with open(self.dir / "sshd.log", encoding="utf-8", errors="replace") as f:
            f.seek(self.read)
            text = f.read()
            self.read = f.tell()
        return collections.Counter(re.findall(rf"^Connection from \S+ port \d+ on (\S+) port {PORT}\b", text, re.M))

    def end(self):
        self.sshd.send_signal(signal.SIGTERM)
        self.sshd.wait()
        self.log.close()
        subprocess.run(["umount", "-l", self.dir], check=True)
        self.dir.rmdir()


class Figures:
    """Of one process: exit status, seconds of wall and processor, peak KiB, most descriptors; what it said."""

    def __init__(self, argv):
        began = time.monotonic()
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.fds, self.over = 0, threading.Event()
        watcher = threading.Thread(target=self.watch, args=(process.pid,))
        watcher.start()
        self.said = process.stdout.read().decode(errors="replace")
        self.over.set()
        watcher.join()
        _, status, used = os.wait4(process.pid, 0)
        self.status, self.wall = os.waitstatus_to_exitcode(status), time.monotonic() - began
        self.cpu, self.peak = used.ru_utime + used.ru_stime, used.ru_maxrss

    def watch(self, pid):
        while not self.over.wait(0.05):
            try:
                self.fds = max(self.fds, len(os.listdir(f"/proc/{pid}/fd")))
            except OSError:
                return
