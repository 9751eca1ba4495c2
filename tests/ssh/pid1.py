#!/usr/bin/python3
"""The first process of a host of test_logs.py, in a PID and a mount namespace of its own: a real
journald, an sshd, and lines for the journal as systemd itself would write them. Commands come on
standard input: `log UNIT TEXT`, `long UNIT COUNT`, `down` and `up` (sshd), `processes`; each is answered with a line,
once the journal has what it is to have; `forget` has the journal begin anew, and `nothing` end for good.
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid


def processes():
    """(pid, name) of all that are alive."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
                name, rest = f.read().split("(", 1)[1].rsplit(") ", 1)
        except OSError:
            continue
        if rest[0] != "Z":
            yield int(pid), name


def forget():
    """The journal in memory is lost, as by a boot."""
    for pid, name in processes():
        if name == "systemd-journal":
            os.kill(pid, signal.SIGKILL)
            while any(pid == p for p, _ in processes()):
                time.sleep(0.02)
    with open("/run/boot_id", "w", encoding="ascii") as f:
        f.write(f"{uuid.uuid4()}\n")
    subprocess.run(["mount", "--bind", "/run/boot_id", "/proc/sys/kernel/random/boot_id"], check=True)
    shutil.rmtree("/run/log/journal")
    os.makedirs("/run/log/journal")


def sync():
    """Wait until journald, which may have just been started, has written all that it was sent."""
    while subprocess.run(["journalctl", "--sync"], stderr=subprocess.DEVNULL, check=False).returncode:
        time.sleep(0.05)


def main(log_dir, sshd):
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    for d in ("/run/systemd/journal", "/run/systemd/system", "/run/log/journal", "/run/sshd"):
        os.makedirs(d)
    subprocess.run(["mount", "--bind", log_dir, "/var/log"], check=True)
    # The kernel's messages are those of other namespaces: a link called nfs of another test, and the like.
    subprocess.run(["mount", "--bind", "/dev/null", "/dev/kmsg"], check=True)
    with subprocess.Popen(["/lib/systemd/systemd-journald"]):
        sync()
        server = subprocess.Popen(sshd, stdin=subprocess.DEVNULL)
        journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        for line in sys.stdin:
            command, *rest = line.rstrip("\n").split(" ", 2)
            if command in ("log", "long"):
                unit, text = rest
                text = "x" * int(text) if command == "long" else text
                data = f"MESSAGE={text}\nUNIT={unit}\nSYSLOG_IDENTIFIER=systemd\nPRIORITY=6\n"
                journal.sendto(data.encode(), "/run/systemd/journal/socket")
                sync()
            elif command == "down":
                for pid, name in processes():
                    if name == "sshd":
                        os.kill(pid, signal.SIGKILL)
                server.wait()
            elif command in ("forget", "nothing"):
                forget()
                if command == "forget":
                    subprocess.Popen(["/lib/systemd/systemd-journald"])
                    sync()
            elif command == "up":
                server = subprocess.Popen(sshd, stdin=subprocess.DEVNULL)
            elif command == "processes":
                print(" ".join(name for _, name in processes()), flush=True)
                continue
            print("done", flush=True)


main(sys.argv[1], sys.argv[2:])
