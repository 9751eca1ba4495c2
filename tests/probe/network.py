"""A switch, an operator and hosts, each in a network namespace that is made here and removed again.
Nothing is sent outside of them.

Needs root, ip(8) and setpriv(1); PROBE_TOOL names the probe-tool binary.
"""
import json
import os
import subprocess
import sys
import time

TOOL = os.environ.get("PROBE_TOOL", "")
PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer.py")

OPERATOR, VIP = "10.99.0.1", "10.99.0.140"
HOSTS = {"h1": "10.99.0.11", "h2": "10.99.0.12", "h3": "10.99.0.13", "quiet": "10.99.0.14"}
MACS = {name: f"02:00:00:00:00:{ip.split('.')[3]:0>2}" for name, ip in HOSTS.items()}
BLACK_HOLE = "10.99.0.99"  # a permanent neighbour entry of a MAC that nobody has


class Net:
    """Namespaces under names of this process, and the processes started in them."""

    def __init__(self):
        self.prefix = f"probe{os.getpid()}"
        self.names, self.processes = [], []

    def ns(self, name):
        return f"{self.prefix}-{name}"

    def add(self, name):
        ip("netns", "add", self.ns(name))
        self.names.append(name)
        ip("-n", self.ns(name), "link", "set", "lo", "up")

    def ip(self, name, *args):
        ip("-n", self.ns(name), *args)

    def plug(self, name, address, mac):
        """An eth0 in the namespace, on the switch."""
        self.add(name)
        self.ip("switch", "link", "add", f"p-{name}", "type", "veth", "peer", "name", "eth0",
                "address", mac, "netns", self.ns(name))
        self.ip("switch", "link", "set", f"p-{name}", "master", "br0", "up")
        self.sysctl(name, "ipv6/conf/eth0/accept_dad", 0)
        self.ip(name, "address", "add", f"{address}/24", "dev", "eth0")
        self.ip(name, "link", "set", "eth0", "up")

    def argv(self, name, *args):
        return ["ip", "netns", "exec", self.ns(name), *args]

    def sysctl(self, name, key, value):
        path = f"/proc/sys/net/{key}"
        subprocess.run(self.argv(name, "sh", "-c", f"echo {value} > {path}"), check=True)

    def start(self, name, *args):
        """Start peer.py in the namespace and wait until it is ready."""
        process = subprocess.Popen(self.argv(name, sys.executable, PEER, *map(str, args)),
                                   stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    def start_tool(self, *args):
        """Start probe-tool load, watch or vrrp at the operator's, and wait until it is at work."""
        process = subprocess.Popen(self.argv("op", TOOL, *map(str, args)), text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.processes.append(process)
        assert process.stdout.readline() == "started\n"
        return process

    def remove(self):
        for process in self.processes:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", self.ns(name)], check=False)


def ip(*args):
    subprocess.run(["ip", *args], check=True)


def build(net):
    net.add("switch")
    net.ip("switch", "link", "add", "br0", "type", "bridge", "forward_delay", "0",
           "mcast_snooping", "0")
    net.ip("switch", "link", "set", "br0", "up")
    net.plug("op", OPERATOR, "02:00:00:00:00:01")
    net.ip("op", "address", "add", "fd99::1/64", "dev", "eth0", "nodad")
    net.ip("op", "route", "add", "10.50.0.0/16", "via", HOSTS["h1"])
    net.ip("op", "route", "add", "blackhole", "10.51.0.0/16")
    net.ip("op", "neighbour", "add", BLACK_HOLE, "lladdr", "02:00:00:00:00:99", "dev", "eth0",
           "nud", "permanent")
    for name, address in HOSTS.items():
        net.plug(name, address, MACS[name])
        net.ip(name, "address", "add", f"{VIP}/32", "dev", "lo")
    # The other three answer for what is on lo, too: that is the default, and the article's bug.
    net.sysctl("quiet", "ipv4/conf/all/arp_ignore", 1)
    net.ip("h1", "address", "add", "fd99::11/64", "dev", "eth0", "nodad")
    net.start("h1", "serve", 80)


def tool(net, *args, status=0, before=(), env=None):
    """Run probe-tool in the operator's namespace."""
    done = subprocess.run(net.argv("op", *before, TOOL, *map(str, args)), capture_output=True,
                          text=True, timeout=20, env={**os.environ, **(env or {})}, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def get(net, path, host="-", timeout=2000, address=HOSTS["h1"], port=80, env=None):
    return tool(net, "http", address, port, path, host, timeout, env=env)


def eventually(condition, what):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, f"gave up waiting until {what}"
        time.sleep(0.02)


def end(process):
    """What a started tool has to say."""
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, ""), out[-2000:] + err
    return json.loads(out)


def stop(process):
    """The same, of one that would go on."""
    process.terminate()
    return end(process)
