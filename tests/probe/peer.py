"""The other end of test_probe.py, run inside a namespace: an HTTP server that misbehaves on
request, a sender of ARP packets that must not be taken for answers, or of VRRP packets that are
no adverts."""
import socket
import struct
import sys
import threading
import time


def reply(status, body=b"", extra=""):
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{extra}\r\n"
    return head.encode() + body


def answer(conn, path, head):
    if path == "/ok":
        conn.sendall(reply(200, b"hello\n"))
    elif path == "/whoami":
        with open("/sys/class/net/eth0/address", "rb") as f:
            conn.sendall(reply(200, f.read()))
    elif path == "/echo":
        conn.sendall(reply(200, head))
    elif path.startswith("/status/"):
        conn.sendall(reply(path[8:], b"page"))
    elif path == "/redirect":
        conn.sendall(reply(302, b"moved", "Location: /ok\r\n"))
    elif path.startswith("/bytes/"):
        conn.sendall(reply(200, b"x" * int(path[7:])))
    elif path == "/endless":
        conn.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            conn.sendall(b"y" * 65536)
    elif path == "/continue":
        conn.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" + reply(200, b"final"))
    elif path == "/silent":
        time.sleep(20)
    elif path == "/stall":
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        time.sleep(20)
    elif path == "/cut":
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    elif path == "/garbage":
        conn.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    # "/close": nothing at all


def serve_one(conn):
    with conn:
        head = b""
        while b"\r\n\r\n" not in head:
            data = conn.recv(4096)
            if not data:
                return
            head += data
        try:
            answer(conn, head.split()[1].decode(), head)
        except OSError:
            pass  # the client has had enough


def serve(port):
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True,
                                    backlog=64)
    print("ready", flush=True)
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve_one, args=(conn,), daemon=True).start()


def arp(op, sha, spa, tpa, hln=6, pln=4, hrd=1, pro=0x0800):
    return struct.pack("!HHBBH6s4s6s4s", hrd, pro, hln, pln, op, sha, socket.inet_aton(spa),
                       b"\xff" * 6, socket.inet_aton(tpa))


def spoof(dev, vip, asker, asker_mac, seconds):
    """MACs 02:bad:...: none of these is an answer to the asker's question; 02:...:77 is one."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    everyone, to = b"\xff" * 6, bytes.fromhex(asker_mac.replace(":", ""))
    bad = [b"\x02\xba\xd0\x00\x00" + bytes([i]) for i in range(8)]
    packets = [
        (everyone, arp(1, bad[0], vip, vip)),             # gratuitous, as a request
        (everyone, arp(2, bad[1], vip, vip)),             # gratuitous, as a reply
        (to, arp(2, bad[2], "10.99.0.77", asker)),        # an answer about another address
        (to, arp(2, bad[3], vip, "10.99.0.78")),          # an answer to someone else
        (to, arp(2, bad[4], vip, asker)[:20]),            # cut short
        (to, arp(2, bad[5], vip, asker, hln=8)),          # not Ethernet
        (to, arp(2, bad[6], vip, asker, pro=0x86dd)),     # not IPv4
        (to, arp(3, bad[7], vip, asker)),                 # reverse ARP
        (to, arp(2, b"\x02\x00\x00\x00\x00\x77", vip, asker)),
    ]
    end = time.monotonic() + seconds
    print("ready", flush=True)
    while time.monotonic() < end:
        for mac, packet in packets:
            sock.sendto(packet, (dev, 0x0806, 0, 0, mac))
        time.sleep(0.02)


def vrrp(ip, seconds):
    """Router ids 201 and up: none of these is an advert; 77 is one."""
    def packet(router_id, kind=0x31, count=1, tail=b"\x0a\x63\x00\x8c"):
        return struct.pack("!BBBBHH", kind, router_id, 120, count, 100, 0) + tail

    group = "224.0.0.18"
    packets = [
        (255, group, packet(77)),
        (64, group, packet(201)),              # has passed a router
        (255, group, packet(202, kind=0x32)),  # not of type 1
        (255, group, packet(203, kind=0x41)),  # version 4
        (255, group, packet(204, count=9)),    # shorter than it says
        (255, group, packet(205)[:7]),
        (255, group, packet(0)),               # no router id
        (255, "10.99.0.1", packet(206)),       # not to everyone
        (255, group, b""),
    ]
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(ip))
    print("ready", flush=True)
    end = time.monotonic() + seconds
    while True:
        for ttl, to, data in packets:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
            sock.sendto(data, (to, 0))
        if time.monotonic() >= end:
            break
        time.sleep(0.02)


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
elif sys.argv[1] == "vrrp":
    vrrp(sys.argv[2], float(sys.argv[3]))
else:
    spoof(*sys.argv[2:6], float(sys.argv[6]))
