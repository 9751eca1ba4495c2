"""Machines without a hypervisor: systemd as process 1 of namespaces of its own, on an overlay of this
machine's root, with a cable to the operator's network. What a machine has written outlives its reboot.

Nothing here reaches this machine's own network or settings: of /proc/sys a machine can write what belongs to
its own namespaces (net/ and the hostname), and no capability of loading modules is left to it."""
import os
import shutil
import subprocess
import time
from pathlib import Path

BOOT = r"""
set -e
mount --make-rprivate /
mkdir -p "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount --bind proc/sys/kernel/hostname proc/sys/kernel/hostname
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for n in null zero full random urandom tty; do : >dev/$n; mount --bind /dev/$n dev/$n; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
pivot_root . mnt
umount -l /mnt
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    setpriv --bounding-set -sys_module,-sys_time,-sys_rawio,-mknod \
    /lib/systemd/systemd --system --log-target=console </dev/null
"""

TARGET = """[Unit]
Requires=basic.target
After=basic.target
AllowIsolate=yes
Wants=dbus.service ssh-test.service {services}
"""

SSHD = """[Service]
RuntimeDirectory=sshd
ExecStart=/usr/sbin/sshd -D -e -f /etc/ssh/test_config
"""

SSHD_CONFIG = """HostKey /etc/ssh/test_key
AuthorizedKeysFile /etc/ssh/test_authorized
PermitRootLogin yes
StrictModes no
UsePAM no
UseDNS no
"""


WANTS = ("sysinit", "multi-user", "network-online", "timers", "sockets", "getty")


def eventually(condition, what, limit=60):
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, f"gave up waiting until {what}"
        time.sleep(0.1)


def cgroup_root():
    """Where the second version's tree is: alone, or beside the first version's."""
    top = Path("/sys/fs/cgroup")
    return top if (top / "cgroup.controllers").exists() else top / "unified"


class Operator:
    """The operator's network: a bridge with the router's address, and one of his own behind the router."""

    def __init__(self, top):
        self.top = top / "machines"
        self.top.mkdir()
        self.key, self.known_hosts = top / "id_ed25519", top / "known_hosts"
        self.known_hosts.write_text("")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key], check=True)
        script = (f"mount --make-rprivate / && mount -t tmpfs tmpfs {self.top} && ip link set lo up && "
                  "ip link add br0 type bridge && ip link set br0 up && ip addr add 10.9.0.1/32 dev lo && "
                  "ip addr add 10.1.1.1/24 dev br0 noprefixroute && "
                  "ip route add 10.1.1.0/24 dev br0 src 10.9.0.1 && echo ready && exec sleep 3600")
        self.process = subprocess.Popen(["unshare", "-m", "-n", "sh", "-c", script],
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"
        self.inside = ["nsenter", "-t", str(self.process.pid), "-m", "-n"]

    def run(self, *argv, **kw):
        kw = {"capture_output": True, "text": True, "check": False, "timeout": 200,
              "stdin": subprocess.DEVNULL, **kw}
        return subprocess.run([*self.inside, *map(str, argv)], **kw)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Machine:
    def __init__(self, operator, name, address, services, files):
        self.operator, self.name, self.address = operator, name, address
        self.dir = operator.top / name
        self.process = self.pid = None
        self.write({"/etc/hostname": name + "\n", "/etc/resolv.conf": "", "/etc/machine-id": "",
                    "/etc/systemd/system/test.target": TARGET.format(services=services),
                    "/etc/systemd/system/ssh-test.service": SSHD, "/etc/ssh/test_config": SSHD_CONFIG,
                    # No packages are to be had, which shows at once.
                    "/etc/apt/apt.conf.d/00test": 'Acquire::http::Proxy "http://127.0.0.1:9";\n'
                                                  'Acquire::Retries "0";\n',
                    "/etc/ssh/test_authorized": Path(f"{operator.key}.pub").read_text(),
                    **files})
        upper = self.dir / "upper"
        made = operator.run("sh", "-ec", f"""
            ssh-keygen -q -t ed25519 -N '' -f {upper}/etc/ssh/test_key
            ln -s test.target {upper}/etc/systemd/system/default.target
            cut -d' ' -f1,2 {upper}/etc/ssh/test_key.pub""")
        assert made.returncode == 0, made.stderr
        for wants in (f"{d}.target.wants" for d in WANTS):  # nothing that this machine starts at boot
            hide = "import os, sys; os.mkdir(sys.argv[1]); os.setxattr(sys.argv[1], 'trusted.overlay.opaque', b'y')"
            done = operator.run("/usr/bin/python3", "-c", hide, f"{upper}/etc/systemd/system/{wants}")
            assert done.returncode == 0, done.stderr
        with open(operator.known_hosts, "a", encoding="ascii") as f:
            f.write(f"{address} {made.stdout}")

    def write(self, files):
        """Onto the disk of a machine that is off."""
        for path, text in files.items():
            done = self.operator.run("sh", "-ec", 'umask 022; mkdir -p "${1%/*}"; cat >"$1"; chmod "$2" "$1"',
                                     "sh", f"{self.dir}/upper{path}",
                                     "600" if "system-connections" in path or "netplan" in path or
                                     "test_key" in path else "644", input=text, stdin=None)
            assert done.returncode == 0, done.stderr

    def power_on(self):
        self.cgroup = cgroup_root() / f"clusterctl-test-{self.operator.process.pid}-{self.name}"
        self.cgroup.mkdir(exist_ok=True)
        enter = 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"'
        with open(self.operator.top.parent / f"{self.name}.console", "ab") as console:
            self.process = subprocess.Popen(
                ["sh", "-c", enter, "sh", str(self.cgroup), *self.operator.inside, "unshare", "-m", "-n", "-u",
                 "-i", "-p", "-C", "-f", "--kill-child", "sh", "-c", BOOT, "sh", str(self.dir)],
                stdout=console, stderr=console, stdin=subprocess.DEVNULL)
        eventually(self.find, "the machine has a process 1")
        eventually(lambda: self.run("test", "-d", "/run/systemd/system").returncode == 0, "systemd is there")
        # As a card's would, its address outlives a boot: the operator's machine remembers it.
        mac = ":".join(["02", "00", *(f"{int(n):02x}" for n in self.address.split("."))])
        cable = f"ip link add {self.name} type veth peer name eth0 address {mac} netns {self.pid} && " \
                f"ip link set {self.name} master br0 up"
        done = self.operator.run("sh", "-c", cable)
        assert done.returncode == 0, done.stderr

    def find(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.pid = children[0] if children else None
        return self.pid and os.readlink(f"/proc/{self.pid}/ns/net") != os.readlink(
            f"/proc/{self.operator.process.pid}/ns/net")

    def run(self, *argv, **kw):
        return subprocess.run(["nsenter", "-t", self.pid, "-a", *argv], capture_output=True, text=True,
                              check=False, timeout=100, stdin=subprocess.DEVNULL, **kw)

    def sh(self, script):
        done = self.run("sh", "-c", script)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def answers(self):
        done = self.operator.run("timeout", "2", "bash", "-c", f"exec 3<>/dev/tcp/{self.address}/22 && "
                                 "IFS= read -r -u 3 l && [[ $l == SSH-* ]]")
        return done.returncode == 0

    def power_off(self):
        """As if its plug were pulled."""
        if not self.process:
            return
        self.process.kill()
        self.process.wait()
        self.process = None
        eventually(lambda: not os.path.exists(f"/proc/{self.pid}"), "the machine is off")
        for directory, _, _ in sorted(os.walk(self.cgroup), reverse=True):
            os.rmdir(directory)

    def reboot(self):
        self.power_off()
        self.operator.run("ip", "link", "del", self.name)
        self.power_on()


def available():
    return os.geteuid() == 0 and shutil.which("NetworkManager") and cgroup_root().is_dir()
