"""doctor on real servers, NFS and hosts in general: each fault is made for real, and doctor names its
cause and no other. SELinux is not here: the guests' kernels have no policy (see test_rules_hosts.c).

One cluster for the whole file: every test undoes its own fault, by hand or by doctor --fix."""
import time

import pytest
from conftest import (REAL_SERVERS, VIP, clusterctl, has_snapshot, lab, operator, reset, serving, ssh)
from doctoring import causes, clean, fault, fixed

APT = "DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends"
SHARE, EXPORT = "/var/www/html/shared", "/nfs/web"
WEB = "Web01-RS"
NFT = "inet t in"


@pytest.fixture(scope="module", autouse=True)
def cluster():
    if not has_snapshot("deployed"):
        lab("packages")
        clusterctl("deploy")
        lab("snapshot", "deployed")
    reset("deployed")
    clusterctl("deploy", "--quiet")
    serving()
    clean()


# What a deploy repairs: (cause, hosts, where, how it is broken, what doctor says of it).
REPAIRED = {
    "vip-not-on-lo": ("vip.not-on-lo", [WEB], WEB, f"ip address del {VIP}/32 dev lo",
                      "ip -o addr show dev lo"),
    "arp-all": ("arp.sysctl", [WEB], WEB, "sysctl -qw net.ipv4.conf.all.arp_ignore=0",
                "it answers ARP for the VIP", "changed by hand", "net.ipv4.conf.all.arp_ignore = 0"),
    "arp-lo": ("arp.sysctl", [WEB], WEB, "sysctl -qw net.ipv4.conf.lo.arp_announce=0",
               "this does no harm now", "net.ipv4.conf.lo.arp_announce = 0"),
    "vhost-removed": ("http.default-site", [WEB], WEB,
                      "rm /etc/nginx/conf.d/clusterctl.conf; systemctl reload nginx",
                      "/etc/nginx/sites-enabled/default", "default_server"),
    "nginx-stopped": ("http.not-running", [WEB], WEB, "systemctl stop nginx", "ActiveState=inactive"),
    "share-closed": ("http.forbidden", ["NFS"], "NFS", f"chmod 700 {EXPORT}", "Permission denied"),
    "not-exported": ("nfs.not-exported", ["NFS"], "NFS", f"exportfs -u 10.1.1.132:{EXPORT}",
                     f"does not export {EXPORT} to {WEB}", "10.1.1.133("),
    "nfs-stopped": ("nfs.server-down", ["NFS"], "NFS", "systemctl stop nfs-server",
                    "ActiveState=inactive"),
    "exported-ro": ("nfs.read-only", ["NFS"], "NFS",
                    f"exportfs -o ro,sync,no_subtree_check 10.1.1.132:{EXPORT}",
                    "10.1.1.132(ro,"),
    "not-mounted": ("nfs.not-mounted", [WEB], WEB, f"umount -l {SHARE}", "nothing on", "/etc/fstab"),
    "not-in-fstab": ("nfs.not-in-fstab", [WEB], WEB,
                     "sed -i '/# BEGIN clusterctl/,/# END clusterctl/d' /etc/fstab",
                     "no line for", "10.1.1.134:/nfs/web"),
    "not-enabled": ("host.unit-not-enabled", [WEB], WEB, "systemctl disable -q nginx",
                    "UnitFileState=disabled"),
}


@pytest.mark.parametrize("name", REPAIRED)
def test_repaired(name):
    cause, hosts, where, make, *said = REPAIRED[name]
    ssh(where, make)
    causes(cause, hosts, "deploy", *said)
    fixed()


# What somebody must undo: the same, and how it is undone.
BY_HAND = {
    "vip-elsewhere": ("vip.elsewhere", ["NFS"], "NFS", f"ip address add {VIP}/32 dev eth0",
                      f"ip address del {VIP}/32 dev eth0", "eth0", f"inet {VIP}/32"),
    "arp-interface": ("arp.sysctl", [WEB], WEB, "sysctl -qw net.ipv4.conf.eth0.arp_ignore=3",
                      "sysctl -qw net.ipv4.conf.eth0.arp_ignore=0",
                      "of all (1) and eth0 (3) the larger is in force"),
    "arp-file": ("arp.sysctl", [WEB], WEB,
                 "echo 'net.ipv4.conf.all.arp_ignore = 0' >/etc/sysctl.d/99-zzz.conf;"
                 "sysctl -qp /etc/sysctl.d/99-zzz.conf",
                 "rm /etc/sysctl.d/99-zzz.conf; sysctl -qw net.ipv4.conf.all.arp_ignore=1",
                 "set by /etc/sysctl.d/99-zzz.conf line 1"),
    "vhost-hijacked": ("http.default-site", [WEB], WEB,
                       "echo 'server { listen 10.1.1.140:80; server_name 10.1.1.140; return 200 hi; }'"
                       " >/etc/nginx/conf.d/aaa.conf; systemctl reload nginx",
                       "rm /etc/nginx/conf.d/aaa.conf; systemctl reload nginx",
                       "that of /etc/nginx/conf.d/aaa.conf", "conflicting server name"),
    "nginx-broken": ("http.config-broken", [WEB], WEB,
                     "echo 'listen here;' >/etc/nginx/conf.d/zz.conf",
                     "rm /etc/nginx/conf.d/zz.conf", "[emerg]", "zz.conf:1"),
    "mounted-ro": ("nfs.read-only", [WEB], WEB, f"mount -o remount,ro {SHARE}",
                   f"mount -o remount,rw {SHARE}", f"{SHARE} ro,"),
    "disk-full": ("host.disk-full", ["Web02-RS"], "Web02-RS",
                  "fallocate -l $(df --output=avail -k / | tail -n 1)K /var/fill",
                  "rm /var/fill", "df -P", "100% /"),
    "unpacked": ("host.packages-broken", ["NFS"], "NFS",
                 "cd /tmp && apt-get download -qq tcpdump && dpkg --unpack tcpdump_*.deb >/dev/null",
                 "dpkg --purge tcpdump >/dev/null 2>&1; rm -f /tmp/tcpdump_*.deb",
                 "install ok unpacked"),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name):
    cause, hosts, where, make, undo, *said = BY_HAND[name]
    with fault(where, make, undo):
        causes(cause, hosts, "manual", *said)


def test_port_taken():
    with fault("Web02-RS", f"systemctl stop nginx; {APT} apache2 >/dev/null; systemctl start apache2",
               "systemctl disable -q --now apache2; systemctl start nginx"):
        causes("http.port-taken", ["Web02-RS"], "manual", "apache2.service", "ss -ltnp: LISTEN")


def test_nfs_firewalled_by_nftables():
    ssh("NFS", f"{APT} nftables >/dev/null; nft add table inet t;"
               f"nft 'add chain {NFT} {{ type filter hook input priority 0; }}';"
               f"nft add rule {NFT} tcp dport 2049 drop")
    try:
        causes("nfs.firewalled", ["NFS"], "deploy", "tcp dport 2049 drop", f"nft delete rule {NFT}")
        fixed()
    finally:
        ssh("NFS", "nft flush ruleset")
    clusterctl("deploy", "--quiet")


def test_nfs_firewalled_by_iptables_on_the_way_out():
    rule = "OUTPUT -p tcp -m tcp --dport 2049 -j DROP"
    with fault(WEB, f"{APT} iptables >/dev/null; iptables -A {rule}", f"iptables -D {rule}"):
        causes("nfs.firewalled", [WEB], "manual", f"-A {rule}", f"iptables -t filter -D {rule}")


def test_stale():
    """The exported directory is replaced under the mounts."""
    ssh("NFS", f"mv {EXPORT} /nfs/old && cp -a /nfs/old {EXPORT} && exportfs -f")
    try:
        causes("nfs.stale", REAL_SERVERS, "deploy", "Stale file handle")
        fixed()
    finally:
        ssh("NFS", "rm -rf /nfs/old")


def test_mounted_elsewhere():
    ssh("NFS", "mkdir -p /nfs/other; exportfs -o rw,no_subtree_check 10.1.1.132:/nfs/other")
    ssh(WEB, f"umount -l {SHARE}; mount -t nfs 10.1.1.134:/nfs/other {SHARE}")
    causes("nfs.mounted-elsewhere", [WEB], "deploy", "10.1.1.134:/nfs/other")
    fixed()
    ssh("NFS", "exportfs -u 10.1.1.132:/nfs/other")


def test_clock():
    with fault("LVS-node01", "date -s '+1 hour'", "date -s '-1 hour'"):
        causes("host.clock-skew", ["LVS-node01"], "manual", "s ahead", "no time daemon")
    ssh("LVS-node01", f"date -s @{int(time.time())}")


def test_examining_changes_nothing():
    look = ("ip -o addr show dev lo; cat /proc/self/mountinfo /etc/fstab; sysctl -a -r arp_;"
            "find /etc /var/lib/clusterctl -type f -newermt '-1 minute' ! -path '*/nginx/*'")
    before = ssh(WEB, look)
    operator("clusterctl", "doctor")
    assert ssh(WEB, look) == before
