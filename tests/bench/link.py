"""A long wire: packets to the hosts (10.99.0.0/16) come and go late, as over a network with that round-trip time.

Two tun devices, one in a network namespace for who measures, one in ours, and a thread that carries each packet over
when half the time has passed. So the round trips of TCP itself are there too: its handshake, its window that opens.
"""
import collections
import fcntl
import os
import select
import struct
import subprocess
import threading
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
NEAR = "10.98.0.1"


def tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def payload(packet):
    """Bytes of TCP's in an IPv4 packet."""
    if packet[0] >> 4 != 4 or packet[9] != 6:
        return 0
    ip = (packet[0] & 15) * 4
    return int.from_bytes(packet[2:4], "big") - ip - (packet[ip + 12] >> 4) * 4


class Link:
    """Start what is to be far from the hosts with `wrap`. `turns`: how often each host was sent to after it had answered."""

    def __init__(self):
        self.rtt, self.turns, self.answered = 0.0, collections.Counter(), {}
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
        self.wrap = ["nsenter", "-t", str(self.holder.pid), "-n"]
        ours = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{self.holder.pid}/ns/net") == ours:
            time.sleep(0.01)
        self.near, self.far = tun("near"), tun("far")
        self.run("ip", "link", "set", "near", "netns", str(self.holder.pid))
        self.run(*self.wrap, "ip", "addr", "add", NEAR, "dev", "near")
        self.run(*self.wrap, "ip", "link", "set", "near", "up")
        self.run(*self.wrap, "ip", "link", "set", "lo", "up")
        self.run(*self.wrap, "ip", "route", "add", "10.99.0.0/16", "dev", "near")
        self.run("ip", "link", "set", "far", "up")
        self.run("ip", "route", "add", NEAR, "dev", "far")
        self.over = False
        self.thread = threading.Thread(target=self.carry, daemon=True)
        self.thread.start()

    @staticmethod
    def run(*argv):
        subprocess.run(argv, check=True)

    def count(self, packet, back):
        if payload(packet) <= 0:
            return
        host = ".".join(map(str, packet[12:16] if back else packet[16:20]))
        if self.answered.get(host, True) and not back:
            self.turns[host] += 1
        self.answered[host] = back

    def carry(self):
        waiting = collections.deque()
        while not self.over:
            left = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 0.2
            for fd in select.select([self.near, self.far], [], [], left)[0]:
                packet = os.read(fd, 65536)
                waiting.append((time.monotonic() + self.rtt / 2, self.far if fd == self.near else self.near, packet))
                self.count(packet, fd == self.far)
            while waiting and waiting[0][0] <= time.monotonic():
                _, to, packet = waiting.popleft()
                os.write(to, packet)

    def end(self):
        self.over = True
        self.thread.join()
        self.holder.kill()
        self.holder.wait()
        os.close(self.near)
        os.close(self.far)
