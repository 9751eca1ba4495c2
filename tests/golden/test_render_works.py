"""The rendered files at work, in network namespaces: no virtual machine, a few seconds each.

Only what a namespace can show. ip_vs, ARP between machines and reboots are the lab's.
"""
import os
import pathlib
import re
import subprocess

import pytest

from test_render import TOP, need, render

REFERENCE = TOP / "inventory/examples/reference.json"
VIP = "10.1.1.140"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for network namespaces")


@pytest.fixture(scope="module", name="out")
def rendered_reference(tmp_path_factory):
    out = tmp_path_factory.mktemp("works") / "out"
    render(REFERENCE, out)
    return out


# within SECONDS COMMAND...: until it succeeds
WITHIN = """
within() {
    tries=$(($1 * 10)); shift
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || { echo "not in time: $*" >&2; return 1; }
        sleep 0.1
    done
}
"""


def in_namespace(script, timeout=60):
    """Runs a shell script in fresh network and mount namespaces; `ip netns` stays inside too."""
    # A killed shell must not leave daemons behind: its PID namespace ends with it.
    run = subprocess.run(
        ["unshare", "-n", "-m", "-p", "-f", "--kill-child", "sh", "-ec",
         "mount -t tmpfs none /run; mkdir -p /run/netns\n" + WITHIN + script],
        capture_output=True, text=True, check=False, timeout=timeout, stdin=subprocess.DEVNULL)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_nginx_serves_its_addresses_and_leaves_others_alone(out, tmp_path):
    """By the VIP and the own address, whatever the Host header; elsewhere the default site."""
    conf = (out / "Web01-RS/etc/nginx/conf.d/clusterctl.conf").read_text()
    share = tmp_path / "share"
    share.mkdir()
    (share / "index1.html").write_text("Web01 index.html\n")
    for directory in (tmp_path, share, *tmp_path.parents):  # for nginx' unprivileged workers
        directory.chmod(directory.stat().st_mode | 0o055)
        if directory == pathlib.Path("/tmp"):
            break
    (tmp_path / "clusterctl.conf").write_text(conf.replace("/var/www/html/shared", str(share)))
    (tmp_path / "nginx.conf").write_text(f"""
        pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}}
        http {{
            access_log off;
            include {tmp_path}/clusterctl.conf;
            server {{ listen 80; server_name 10.1.1.132; return 200 "the article's own"; }}
            server {{ listen 80 default_server; return 200 "default site"; }}
        }}""")
    said = in_namespace(f"""
        ip link set lo up; ip address add 10.1.1.132/24 dev lo
        {need('nginx')} -c {tmp_path}/nginx.conf   # the VIP is not there yet
        ip address add {VIP}/32 dev lo label lo:1
        for host in {VIP} 10.1.1.132 other.example; do
            curl -sS --max-time 5 -H "Host: $host" http://{VIP}/ http://10.1.1.132/
        done
        curl -sS --max-time 5 http://{VIP}/.clusterctl/whoami
        curl -sS --max-time 5 http://127.0.0.1/
        """)
    assert said == "Web01 index.html\n" * 6 + "Web01-RS\n" + "default site"


def test_vip_unit_puts_and_takes(out):
    """Its commands can be run again, and leave nothing behind."""
    unit = (out / "Web01-RS/etc/systemd/system/clusterctl-vip.service").read_text()
    starts = [line.split("=", 1)[1] for line in unit.splitlines() if line.startswith("ExecStart=")]
    stops = [line.split("=-", 1)[1] for line in unit.splitlines() if line.startswith("ExecStop=-")]
    assert starts and stops
    show = "ip -o address show dev lo to {0}; ip route show table main {0}".format(VIP)
    said = in_namespace("\n".join(["ip link set lo up", *starts, *starts, show, "echo --", *stops,
                                   show]))
    up, down = said.split("--\n")
    assert "lo:1" in up and f"{VIP} dev lo scope link" in up and len(up.splitlines()) == 2
    assert down == ""


def test_one_director_holds_the_vip(out, tmp_path):
    """Two directors; the first is stopped, comes back, and both reload. -P: VRRP alone, no ip_vs.

    With a second between adverts, so that one that has to wait for a processor is not taken for dead.
    """
    keepalived = need("keepalived")
    script = ["ip link add br0 type bridge; ip link set br0 up"]
    for i, name in enumerate(("LVS-master", "LVS-node01")):
        conf = tmp_path / f"keepalived{i}.conf"
        text = (out / name / "etc/keepalived/keepalived.conf").read_text()
        conf.write_text(text.replace("advert_int 0.1\n", "advert_int 1\n"))
        assert conf.read_text() != text
        script.append(f"""
        ip netns add d{i}; ip link add p{i} type veth peer name eth0 netns d{i}
        ip link set p{i} master br0 up
        ip -n d{i} address add 10.1.1.13{i}/24 dev eth0; ip -n d{i} link set eth0 up
        start{i}() {{ ip netns exec d{i} {keepalived} -P -n -l -f {conf} -p /run/k{i} -r /run/v{i} \
            >>/run/log{i} 2>&1 & pid{i}=$!; }}
        holds{i}() {{ [ -n "$(ip -n d{i} -o address show to {VIP})" ]; }}
        """)
    script.append("""
        alone() { holds$1 && ! holds$2; }
        # wait_for HOLDER OTHER: exactly the holder has the VIP, and still has it a second later
        wait_for() {
            within 10 alone $1 $2 && sleep 1 && alone $1 $2 || { echo "expected the VIP on d$1 alone"; cat /run/log*; exit 1; }
        }
        # entered I COUNT: director I has become a backup so many times
        entered() { [ "$(grep -c 'Entering BACKUP STATE' /run/log$1)" = $2 ]; }
        start0; wait_for 0 1
        start1; within 10 entered 1 1; sleep 6; wait_for 0 1
        # The VIP moves at once, keepalived takes a second to end: a new one would find it running, and end.
        kill $pid0; wait_for 1 0; wait $pid0
        start0; within 10 entered 0 2; sleep 6; wait_for 1 0    # nopreempt, longer than it waits for adverts
        kill -HUP $pid0 $pid1; sleep 1; wait_for 1 0  # a reload moves nothing
        kill -0 $pid0; kill -0 $pid1
        echo done
        """)
    assert in_namespace("\n".join(script)) == "done\n"


def test_vrrp_states_reach_prometheus(tmp_path):
    """keepalived tells its FIFO, a script keeps that, another publishes it; and what it publishes is
    what node_exporter reads."""
    render(TOP / "tests/golden/render/inventories/monitoring.json", tmp_path / "out")
    host = tmp_path / "out/LVS-master/etc"
    published = tmp_path / "clusterctl.prom"
    conf = (host / "keepalived/keepalived.conf").read_text()
    (tmp_path / "keepalived.conf").write_text(conf.replace("/etc/clusterctl", str(host / "clusterctl")))
    script = (host / "clusterctl/metrics.sh").read_text()
    (tmp_path / "metrics.sh").write_text(
        script.replace("/var/lib/prometheus/node-exporter/clusterctl.prom", str(published)).replace("sleep 5", "sleep 0.2"))
    said = in_namespace(f"""
        ip link add eth0 type veth peer name p0; ip link set eth0 up; ip link set p0 up
        ip address add 10.1.1.130/24 dev eth0
        mkdir -p /run/clusterctl; echo 0 >/run/clusterctl/handover
        tell() {{
            within 15 grep -q 'state="'$1'"}} 1' {published}; sleep 0.5; cat {published}; echo "-- $1"
        }}
        sh {tmp_path}/metrics.sh &
        tell STOP
        {need("keepalived")} -P -n -l -f {tmp_path}/keepalived.conf -p /run/keepalived.pid >/run/log 2>&1 &
        tell MASTER
        echo 1 >/run/clusterctl/handover; tell FAULT
        echo 0 >/run/clusterctl/handover; tell MASTER
        kill "$(cat /run/keepalived.pid)"; tell STOP
        """)
    before, master, fault, again, stopped = re.split(r"^-- \w+\n", said, flags=re.M)[:5]
    for text, state, held in ((before, "STOP", 0), (master, "MASTER", 1), (fault, "FAULT", 0),
                              (again, "MASTER", 1), (stopped, "STOP", 0)):
        states = re.findall(r'^clusterctl_vrrp_state{vrrp_instance="VI_1",state="(\w+)"} (\d)$', text, re.M)
        assert {s: n for s, n in states if n == "1"} == {state: "1"} and len(states) == 4, text
        assert f'clusterctl_vip_held{{vip="{VIP}"}} {held}\n' in text, text
        check = subprocess.run([need("promtool"), "check", "metrics"], input=text, text=True, capture_output=True,
                               check=False)
        assert (check.returncode, check.stdout + check.stderr) == (0, ""), text

    def transitions(text):
        return int(re.search(r"^clusterctl_vrrp_transitions_total{\S+} (\d+)$", text, re.M)[1])
    assert transitions(before) == 0
    assert transitions(master) == 2  # BACKUP, then MASTER
    assert transitions(fault) == 3
    assert transitions(again) == 5
