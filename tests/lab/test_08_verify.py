"""verify on a cluster that is right, and on one with a single real fault: exactly the checks that
should fail do, in words that name it, and all is well again once the fault is undone."""
import contextlib
import json
import time

import pytest
from conftest import VIP, clusterctl, operator, reset, serving, ssh

RULES = ["0:", "32766:", "32767:"]  # of a machine without any of its own
SHARE = "/var/www/html/shared"

pytestmark = pytest.mark.usefixtures("converged")


def verify(*args):
    """{(id, subject): check} and the exit status."""
    r = clusterctl("verify", "--output=json", *args, expect=None)
    lines = [json.loads(l) for l in r.stdout.splitlines()]
    return {(c["id"], c["subject"]): c for c in lines if c["type"] == "check"}, r.returncode


def failures(checks):
    return {k: c["reason"] for k, c in checks.items() if c["status"] == "fail"}


def expect(*wanted, also=()):
    """Those checks fail, and none but those and `also`; returns the reasons, and all the checks.
    An emulated machine that is kept waiting loses adverts, and the VIP moves: look again then."""
    for _ in range(4):
        checks, status = verify()
        failed = failures(checks)
        if status == 1 and set(wanted) <= set(failed) and \
                all(k in wanted or k[0] in also for k in failed):
            return failed, checks
        time.sleep(2)
    pytest.fail(f"exit {status}, and these failed: {json.dumps(list(failed.items()), indent=1)}")


def all_is_well(seconds=60):
    end = time.monotonic() + seconds
    while True:
        checks, status = verify()
        if status == 0:
            return
        assert time.monotonic() < end, f"not well within {seconds} s: {failures(checks)}"
        time.sleep(1)


@contextlib.contextmanager
def fault(host, make, undo):
    ssh(host, make)
    try:
        yield
    finally:
        ssh(host, undo)
    all_is_well()


def test_a_cluster_that_is_right():
    all_is_well()  # machines that come out of a snapshot have lost some adverts
    checks, status = verify("--requests", "20")
    assert status == 0 and not failures(checks), failures(checks)
    assert {c["status"] for c in checks.values()} == {"pass"}, checks
    path = checks["dsr.path", "Web02-RS"]["evidence"]
    assert f"{VIP} port 80: 3 of 3 requests through it answered by it" in path
    assert "20 requests, rr: Web01-RS 10 (10.0 expected" in \
        checks["http.distribution", f"{VIP}:80/tcp"]["evidence"]
    assert "MASTER" in checks["vrrp.state", VIP]["evidence"]


def test_nothing_is_left_behind():
    rules = [l.split()[0] for l in operator("ip", "rule").stdout.splitlines()]
    assert rules == RULES
    assert ".clusterctl-verify" not in ssh("NFS", "ls -A /nfs/web")


def test_vip_missing_on_lo():
    with fault("Web02-RS", f"ip address del {VIP}/32 dev lo",
               f"ip address add {VIP}/32 dev lo label lo:1; systemctl restart clusterctl-vip"):
        failed, _ = expect(("config.converged", "Web02-RS"), ("dsr.path", "Web02-RS"),
                           also=["http.vip"])
        assert "it does not have the VIP on lo" in failed["dsr.path", "Web02-RS"]


def test_answers_filtered_on_one():
    with fault("Web02-RS", f"ip rule add pref 10 from {VIP} blackhole", "ip rule del pref 10"):
        failed, _ = expect(("dsr.path", "Web02-RS"), also=["http.vip"])
        assert "it has the VIP on lo: a firewall" in failed["dsr.path", "Web02-RS"]


def test_a_real_server_answers_arp():
    key = "net.ipv4.conf.all.arp_ignore"
    with fault("Web01-RS", f"sysctl -qw {key}=0", f"sysctl -qw {key}=1"):
        failed, _ = expect(("arp.silent", "Web01-RS"), ("arp.vip-owner", VIP),
                           ("config.converged", "Web01-RS"),
                           also=["arp.neighbour", "http.distribution"])
        assert f"it answers for {VIP} with 52:54:" in failed["arp.silent", "Web01-RS"]
        operator("ip", "neighbour", "flush", VIP)


def test_a_director_runs_with_the_other_ones_priority():
    """Its file is right again, and only what it runs with is not: nothing else can tell."""
    conf = "/etc/keepalived/keepalived.conf"
    backup = "LVS-node01"
    with fault(backup, f"cp -p {conf} /root/kept && sed -i 's/priority 253/priority 254/' {conf} && "
                       f"systemctl reload keepalived && sleep 2 && cp -p /root/kept {conf}",
               "rm /root/kept; systemctl reload keepalived; sleep 2"):
        failed, _ = expect(("vrrp.symmetry", "web"))
        assert "both have priority 254" in failed["vrrp.symmetry", "web"]


def test_share_not_mounted():
    with fault("Web02-RS", f"umount {SHARE}", f"mount {SHARE}"):
        failed, checks = expect(("nfs.mount", "Web02-RS"), ("config.converged", "Web02-RS"),
                                ("http.real-server", "Web02-RS"),
                                also=["http.vip", "ipvs.table", "http.distribution"])
        assert f"nothing is mounted on {SHARE}" in failed["nfs.mount", "Web02-RS"]
        assert checks["nfs.shared", "Web02-RS"]["status"] == "skip"
        assert checks["nfs.shared", "Web01-RS"]["status"] == "pass"
    serving()


def test_content_that_is_not_shared():
    """What the NFS host has at the path is not what it exports: every page still looks right."""
    with fault("NFS", "cp -a /nfs/web /nfs/other && mount --bind /nfs/other /nfs/web",
               "umount /nfs/web; rm -r /nfs/other"):
        failed, _ = expect(("nfs.shared", "Web01-RS"), ("nfs.shared", "Web02-RS"))
        assert "cannot be read through the mount" in failed["nfs.shared", "Web01-RS"]


def test_another_site_takes_the_vips_name():
    site = "/etc/nginx/conf.d/aa-other.conf"
    text = f'server {{ listen 10.1.1.132:80; server_name {VIP}; return 200 "Welcome to nginx!"; }}'
    with fault("Web01-RS", f"echo '{text}' >{site} && systemctl reload nginx",
               f"rm {site} && systemctl reload nginx"):
        failed, _ = expect(("nginx.vhost", "Web01-RS"))
        assert '"Welcome to nginx!"' in failed["nginx.vhost", "Web01-RS"]


def test_a_later_file_takes_a_sysctl_back_at_boot():
    file = "/etc/sysctl.d/zz-other.conf"
    with fault("Web01-RS", f"echo 'net/ipv4/conf/all/arp_ignore=0' >{file}", f"rm {file}"):
        failed, _ = expect(("boot.persistent", "Web01-RS"))
        assert f"{file} line 1 sets net.ipv4.conf.all.arp_ignore = 0" in \
            failed["boot.persistent", "Web01-RS"]


def test_a_unit_that_is_not_enabled_is_told_once():
    with fault("Web01-RS", "systemctl -q disable nginx", "systemctl -q enable nginx"):
        _, checks = expect(("config.converged", "Web01-RS"))
        boot = checks["boot.persistent", "Web01-RS"]
        assert boot["status"] == "skip" and "nginx.service" in boot["reason"]


def test_an_unreachable_host_is_69():
    ssh("Web02-RS", "systemctl stop ssh.socket ssh.service 2>/dev/null")
    checks, status = verify()
    assert status == 69
    assert checks["dsr.path", "Web02-RS"]["status"] == "pass"  # the operator's own eyes
    assert checks["boot.persistent", "Web02-RS"]["status"] == "skip"
    reset("deployed")  # nobody can log in to start it again
