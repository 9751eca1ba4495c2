"""
A proxy between ssh_tool and sshd spoils the connection at byte N of one direction. Whatever it
does, ssh_tool may report success only when the command has run to its end and all of its output has
arrived: success is the trailer on the last line, a clean end, and exit status 0.
"""

import concurrent.futures
import itertools
import select
import socket
import struct
import threading

import pytest

from conftest import public

LINES = 3000
COMMAND = ("read size && head -c $size | md5sum && seq {lines} && echo log >&2 && "
           "touch {done} && echo trailer")
INPUT = b"60000\n" + b"x" * 60000
TIMEOUT_MS = 1500

ACTIONS = ("rst", "fin", "truncate", "flip", "drop", "stall")
# Where: bytes from the start (banner, key exchange, login), fractions, and bytes before the end.
SPOTS = (("start", 0), ("start", 30), ("start", 700), ("start", 1400), ("start", 2000),
         ("part", 0.5), ("part", 0.95), ("end", 300), ("end", 180), ("end", 120), ("end", 60),
         ("end", 1))


class Proxy:
    """Forwards one connection after the other; spoils `direction` of each at byte `at`."""

    def __init__(self, target, direction=None, at=0, action=None):
        self.target, self.direction, self.at, self.action = target, direction, at, action
        self.count = {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.wake, self.stop = socket.socketpair()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def close(self):
        self.stop.close()
        self.thread.join()
        self.wake.close()
        self.listener.close()

    def readable(self, *sockets):
        """The sockets that are, or an empty list when it is time to stop."""
        ready = select.select([self.wake, *sockets], [], [])[0]
        return [] if self.wake in ready else ready

    def serve(self):
        while self.readable(self.listener):
            client = self.listener.accept()[0]
            server = socket.create_connection(self.target)
            with client, server:
                try:
                    self.forward(client, server)
                except OSError:
                    pass  # one end is gone; the other one learns it by our closing

    def forward(self, client, server):
        self.count = {"up": 0, "down": 0}
        spoil, open_ends = self.action, {client: ("up", server), server: ("down", client)}
        while open_ends:
            ready = self.readable(*open_ends)
            if not ready:
                return
            for src in ready:
                direction, dst = open_ends[src]
                data = src.recv(65536)
                if not data:
                    dst.shutdown(socket.SHUT_WR)
                    del open_ends[src]
                    continue
                keep = self.at - self.count[direction]
                self.count[direction] += len(data)
                if not spoil or direction != self.direction or keep >= len(data):
                    dst.sendall(data)
                elif spoil in ("flip", "drop"):
                    changed = bytes([data[keep] ^ 0x10]) if spoil == "flip" else b""
                    dst.sendall(data[:keep] + changed + data[keep + 1:])
                    spoil = None
                else:
                    dst.sendall(data[:keep])
                    return self.end(spoil, client, server, dst)

    def end(self, action, client, server, dst):
        if action == "rst":
            for s in (client, server):
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif action == "truncate":  # one direction ends, the other one is never closed
            dst.shutdown(socket.SHUT_WR)
            self.readable()
        elif action == "stall":
            self.readable()
        # "fin": closing is all


def attempt(sshd, directory, name, **fault):
    """One run through the proxy: ssh_tool's result, what the host did, and the bytes seen."""
    limits = {"timeout": TIMEOUT_MS, "connect_timeout": TIMEOUT_MS} if fault else {}
    done, out, kh, data = (directory / f"{name}.{x}" for x in ("done", "out", "kh", "in"))
    kh.write_text(f"127.0.0.1 {public(sshd.host_keys['ed25519'])}\n")
    data.write_bytes(INPUT)
    proxy = Proxy(("127.0.0.1", sshd.port), **fault)
    try:
        r = sshd.run(COMMAND.format(lines=LINES, done=done), port=proxy.port, known_hosts=kh,
                     trailer="trailer", out=out, **limits, **{"in": data})
    finally:
        proxy.close()
    lines = out.read_text(errors="replace").splitlines() if out.exists() else []
    complete = (done.exists() and len(lines) == LINES + 2 and lines[-1] == "trailer"
                and lines[1:-1] == [str(i) for i in range(1, LINES + 1)])
    return r, complete, proxy.count


@pytest.fixture(scope="module")
def lengths(sshd, tmp_path_factory):
    """How many bytes a good run takes in each direction."""
    r, complete, count = attempt(sshd, tmp_path_factory.mktemp("good"), "good")
    assert r.returncode == 0 and complete, r
    return count


def position(spot, length):
    kind, n = spot
    return n if kind == "start" else int(length * n) if kind == "part" else length - n


def test_no_false_success(sshd, lengths, tmp_path):
    cases = list(itertools.product(("up", "down"), ACTIONS, SPOTS))

    def one(case):
        direction, action, spot = case
        name = f"{direction}-{action}-{spot[0]}-{spot[1]}"
        return name, *attempt(sshd, tmp_path, name, direction=direction, action=action,
                              at=position(spot, lengths[direction]))

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        results = list(pool.map(one, cases))

    failed = 0
    for name, r, complete, _ in results:
        if r.returncode == 0:
            assert complete, f"{name}: FALSE SUCCESS: {r}"
            continue
        failed += 1
        assert r.returncode == 1, f"{name}: {r}"
        assert r.error in ("UNREACHABLE", "FAILED", "PROTOCOL"), f"{name}: {r}"
        assert r.message, f"{name}: {r}"
        assert r.seconds < 20, f"{name}: {r}"
    print(f"{len(cases)} faults, {failed} reported as failures, 0 false successes")
    assert failed >= len(cases) * 3 // 4, "most of these faults lie before the end"
