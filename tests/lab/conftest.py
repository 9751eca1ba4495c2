"""The lab as tests see it: five machines, an operator, and snapshots to start from."""
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

# Ignored where a shell has started us in the background, and then by all that we start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The lab's runs are not what whoever tests has done to a cluster.
os.environ.setdefault("CLUSTERCTL_JOURNAL", "")

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAB = str(ROOT / "lab" / "lab")

DIRECTORS = ["LVS-master", "LVS-node01"]
REAL_SERVERS = ["Web01-RS", "Web02-RS"]
HOSTS = DIRECTORS + REAL_SERVERS + ["NFS"]
VIP = "10.1.1.140"
PAGES = {"Web01-RS": "Web01 index.html", "Web02-RS": "Web02 index.html"}

# One emulated real server that answers all of a load, and a log-in meanwhile, is slower than the usual
# check allows: it would leave the table, and with it the last one that serves.
PATIENT = {"interval": 1, "timeout": 3, "retries": 3}

# What a change of a host's network leaves there while it may be taken back, and not after that.
NETWORK_MARKS = "ls /var/lib/clusterctl/network/armed /etc/systemd/system/clusterctl-revert-boot.service " \
        "2>/dev/null; systemctl list-units --no-legend 'clusterctl-revert*' 'clusterctl-network*'; :"

chosen = []  # the environment of what the operator runs, where a test has an inventory of its own


def lab(*args, timeout=900, check=True):
    r = subprocess.run([LAB, *args], text=True, stdin=subprocess.DEVNULL, timeout=timeout,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert not check or r.returncode == 0, f"lab {' '.join(args)}: {r.returncode}\n{r.stdout}"
    return r.stdout


def ssh(host, command, check=True, timeout=120):
    r = subprocess.run([LAB, "ssh", host, command], text=True, stdin=subprocess.DEVNULL,
                       capture_output=True, timeout=timeout)
    assert not check or r.returncode == 0, f"{host}: {command}: {r.returncode}\n{r.stderr}"
    return r.stdout


def everywhere(command, hosts=HOSTS, timeout=120):
    """{host: output}, in parallel."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return dict(zip(hosts, pool.map(lambda h: ssh(h, command, timeout=timeout), hosts)))


def operator(*command, timeout=900):
    return subprocess.run([LAB, "run", "env", *chosen, *command], text=True, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=timeout)


def clusterctl(*args, expect=0, timeout=1500):
    r = operator("clusterctl", *args, timeout=timeout)
    said = f"clusterctl {' '.join(args)}: exit {r.returncode}\n{r.stdout}\n{r.stderr}"
    assert expect is None or r.returncode == expect, said
    return r


def clusterctl_start(*args):
    """In the background; `lab run` and env exec, so the pid is clusterctl's own."""
    return subprocess.Popen([LAB, "run", "env", *chosen, "clusterctl", *args], text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def read_until(run, pattern):
    """All that was said up to a line with this."""
    said = ""
    for line in run.stdout:
        said += line
        if re.search(pattern, line):
            return said
    raise AssertionError(f"it never said '{pattern}':\n{said}")


def step_of(run, host, pattern):
    """Up to when the host says that it has done a step of this kind."""
    return read_until(run, rf"\] {host} .*{pattern}.*\.\.\. ok")


def cut_connections():
    """The kernel resets all that the operator has to hosts' port 22."""
    operator("ss", "-K", "-t", "dport", "=", ":22")


def lab_inventory():
    """The operator's, to be changed."""
    return json.loads(operator("sh", "-c", 'cat "$CLUSTERCTL_INVENTORY"').stdout)


@pytest.fixture
def without(tmp_path):
    """without(name, ...): the path of the lab's inventory less these hosts."""
    def write(*names):
        data = lab_inventory()
        data["hosts"] = [h for h in data["hosts"] if h["name"] not in names]
        path = tmp_path / "without.json"
        path.write_text(json.dumps(data, indent=2))
        return str(path)
    return write


def get(url=f"http://{VIP}/"):
    """The page, or None."""
    r = operator("curl", "-s", "-m", "5", url)
    return r.stdout.strip() if r.returncode == 0 else None


def pages(n):
    out = operator("sh", "-c", f"for i in $(seq {n}); do curl -s -m 5 http://{VIP}/ || echo LOST; done")
    return out.stdout.split("\n")[:n]


def alternates(seen):
    return set(seen) == set(PAGES.values()) and all(a != b for a, b in zip(seen, seen[1:]))


def wait_for(what, condition, seconds):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(1)


def vip_holders():
    out = everywhere(f"ip -o addr show dev eth0 to {VIP}", DIRECTORS)
    return [h for h in DIRECTORS if out[h].strip()]


def arp_answers():
    """The distinct MACs that answer three ARP broadcasts for the VIP."""
    out = operator("arping", "-q", "-c", "1", VIP)  # wake the path
    out = operator("arping", "-c", "3", "-b", VIP)
    return {line.split("[")[1].split("]")[0].lower() for line in out.stdout.splitlines() if "[" in line}


def mac_of(host):
    return ssh(host, "cat /sys/class/net/eth0/address").strip()


def reset(name):
    lab("reset", name)


def serving(seconds=60):
    wait_for("both pages through the VIP, alternating", lambda: alternates(pages(6)), seconds)


def verified(seconds):
    wait_for("verify finds nothing wrong", lambda: clusterctl("verify", expect=None).returncode == 0, seconds)


def boot_seconds(host):
    """How long ago the machine's kernel started."""
    return float(ssh(host, "cut -d' ' -f1 /proc/uptime"))


def all_reboot():
    """At once, by the reset button: they serve again as they did, and a deploy finds nothing to do."""
    ids = everywhere("cat /proc/sys/kernel/random/boot_id")
    began = time.monotonic()
    lab("fault", "all", "reboot", "--wait")
    booted = time.monotonic() - began
    assert all(ids[h] != i for h, i in everywhere("cat /proc/sys/kernel/random/boot_id").items())
    print(f"all five answer ssh after {booted:.0f} s")
    serving(30)
    print(f"serving {time.monotonic() - began - booted:.0f} s later")
    assert len(HOSTS) == 5 and boot_seconds("NFS") < time.monotonic() - began + 5
    everywhere("systemctl is-system-running --wait; :")  # one director serves, the other may still boot
    r = clusterctl("deploy", "--dry-run", "--detailed-exitcode", expect=0)
    assert "No changes" in r.stdout


def has_snapshot(name):
    status = lab("status")
    line = next(l for l in status.splitlines() if l.startswith("snapshots"))
    return name in line.split()[1:]


@pytest.fixture
def packaged():
    """Bare machines with the packages installed and nothing configured."""
    lab("packages")


def back_to_deployed():
    """The cluster as test_deploy left it; made here when a test runs alone."""
    if not has_snapshot("deployed"):
        lab("packages")
        clusterctl("deploy")
        lab("snapshot", "deployed")
    reset("deployed")


@pytest.fixture
def deployed():
    back_to_deployed()
    serving()


def converge():
    """It serves before deploy looks: machines that come out of a snapshot have missed adverts and checks."""
    back_to_deployed()
    serving()
    clusterctl("deploy", "--quiet")
    serving()


@pytest.fixture(scope="module")
def converged():
    """Once for the file, whose tests undo what they do."""
    converge()


def be_patient(folder):
    """From here on the inventory is the lab's with checks that a loaded lab passes; deployed."""
    data = lab_inventory()
    data["services"] = [{"port": 80, "check": PATIENT}]
    path = folder / "patient.json"
    path.write_text(json.dumps(data, indent=2))
    chosen[:] = [f"CLUSTERCTL_INVENTORY={path}"]
    clusterctl("deploy", "--at-once", "--quiet")


@pytest.fixture
def patient(deployed, tmp_path):
    """For a load: see PATIENT."""
    be_patient(tmp_path)
    yield
    chosen.clear()


def pytest_configure(config):
    config.addinivalue_line("markers", "on_request: too long for every run; `tests/run day2` has them")


@pytest.fixture(autouse=True)
def where_time_goes(request):
    began = time.monotonic()
    yield
    print(f"\n{request.node.name}: {time.monotonic() - began:.0f} s", flush=True)
    if os.environ.get("LAB_TIMES"):
        with open(os.environ["LAB_TIMES"], "a", encoding="utf-8") as f:
            f.write(f"{time.monotonic() - began:7.1f} {request.node.name}\n")
