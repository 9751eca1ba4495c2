"""What doctor must name: one row a fault, made for real on the reference cluster."""
import dataclasses
import shlex

from conftest import DIRECTORS, REAL_SERVERS, VIP, everywhere, vip_holders

ACTIVE, STANDBY = DIRECTORS  # as a fresh deploy leaves them, and every repair
WEB, OTHER_WEB = REAL_SERVERS
NFS = "NFS"
DIRECTOR_ADDRESSES = ["10.1.1.130", "10.1.1.131"]
ADDRESS = {WEB: "10.1.1.132", OTHER_WEB: "10.1.1.133", NFS: "10.1.1.134"}
CONF = "/etc/keepalived/keepalived.conf"
ROUTER_ID = 10  # the reference inventory's
SHARE, EXPORT = "/var/www/html/shared", "/nfs/web"

# What the faults are made with, beyond what the cluster itself has.
PACKAGES = {ACTIVE: "nftables iptables", STANDBY: "nftables", WEB: "nftables iptables",
            NFS: "nftables keepalived ipvsadm"}


@dataclasses.dataclass(frozen=True)
class Fault:
    cause: str
    host: object         # that it is found on; a tuple: several; None: the cluster as a whole
    make: object         # shell there; elsewhere: {host: shell}
    said: tuple          # each in the cause, the fix or the evidence
    undo: object = None  # likewise, of what a deploy does not repair
    shows: object = None # doctor is asked once this is true
    symptom: str = ""    # in one of the symptoms
    leaves: object = None # likewise, what clears away that a repair leaves
    together: str = ""   # the faults of the default run that are made at the same time

    @property
    def hosts(self):
        return list(self.host) if isinstance(self.host, tuple) else [self.host]

    @property
    def remedy(self):
        return "manual" if self.undo else "deploy"

    def commands(self, what):
        return {} if not what else what if isinstance(what, dict) else {self.hosts[0]: what}


def edit(sed):
    return f"sed -i {shlex.quote(sed)} {CONF} && systemctl reload keepalived && sleep 1"


def write(path, *lines):
    return f"printf '%s\\n' {' '.join(map(shlex.quote, lines))} >{path}"


def nft_prompt(rule):
    return ("nft add table inet t;"
            "nft 'add chain inet t in { type filter hook input priority 0; }';"
            f"nft add rule inet t in {rule}")


def nft_file(rule):
    return write("/etc/nftables.conf", "table inet t {", "chain in {",
                 "type filter hook input priority 0;", rule, "}", "}") + "; nft -f /etc/nftables.conf"


NO_NFT = "nft delete table inet t; rm -f /etc/nftables.conf"


def stranger(priority, vip, *peers):
    """A keepalived that is not the cluster's, at an address of its own."""
    unicast = ["unicast_peer {", *peers, "}"] if peers else []
    return write("/tmp/stranger.conf", "global_defs {", "vrrp_version 3", "}", "vrrp_instance S {",
                 "state MASTER", "interface eth0", f"virtual_router_id {ROUTER_ID}",
                 f"priority {priority}", "advert_int 0.1", f"{'unicast' if peers else 'mcast'}_src_ip "
                 "10.1.1.150", *unicast, "virtual_ipaddress {", f"{vip}/32 dev lo", "}", "}") + (
        "; ip addr add 10.1.1.150/24 dev eth0;"
        "keepalived -f /tmp/stranger.conf -p /run/stranger.pid; sleep 2")


NO_STRANGER = "kill $(cat /run/stranger.pid); ip addr del 10.1.1.150/24 dev eth0; sleep 4"


def two_masters():
    return len(vip_holders()) == 2


def gone(*servers):
    """These have left both directors' tables."""
    return lambda: not any(ADDRESS[s] in table for s in servers
                           for table in everywhere("ipvsadm -Ln", DIRECTORS).values())


def stale():
    """Each real server has noticed: its attribute cache may know better for a while."""
    return all("Stale" in out for out in
               everywhere(f"stat {SHARE} 2>&1 || :", REAL_SERVERS).values())


VRRP = {
    "adverts-dropped": Fault(
        "vrrp.blocked", STANDBY, nft_file("ip protocol vrrp drop"),
        ("ip protocol vrrp drop", "inet t in"), shows=two_masters,
        symptom="directors hold the VIP", leaves=NO_NFT, together="a"),
    "adverts-dropped-at-the-prompt": Fault(
        "vrrp.blocked", STANDBY, nft_prompt("ip protocol vrrp drop"),
        ("ip protocol vrrp drop", "inet t in"), shows=two_masters, leaves=NO_NFT),
    "adverts-dropped-on-the-way-out": Fault(
        "vrrp.blocked", ACTIVE, "iptables -A OUTPUT -p 112 -j DROP", ("DROP", f"on {ACTIVE}:"),
        undo="iptables -D OUTPUT -p 112 -j DROP", shows=two_masters, together="c"),
    "other-router-id": Fault(
        "vrrp.mismatch", STANDBY, edit("s/virtual_router_id .*/virtual_router_id 99/"),
        ("virtual_router_id 99", f"{ACTIVE}: {CONF}: virtual_router_id"), shows=two_masters,
        together="d"),
    "wrong-unicast-peer": Fault(
        "vrrp.mismatch", ACTIVE, edit("s/^ *10\\.1\\.1\\.131/        10.1.1.139/"),
        ("10.1.1.139",), shows=two_masters),
    "one-priority": Fault(
        "vrrp.same-priority", STANDBY, edit("s/priority .*/priority 254/"),
        (f"{STANDBY}: {CONF}: priority 254",), together="f"),
    # The article's 3.1.4.
    "backup-configured-as-master": Fault(
        "vrrp.backup-master", STANDBY,
        edit("s/state BACKUP/state MASTER/; s/priority .*/priority 254/; /nopreempt/d"),
        ("state MASTER", "priority 254"), together="g"),
    "vip-left-on-the-standby": Fault(
        "vrrp.stray-vip", STANDBY, f"ip addr add {VIP}/32 dev eth0",
        ("BACKUP STATE", f"{VIP} on eth0", f"ip addr del {VIP}/32 dev eth0"),
        # keepalived takes it away itself when it has been master in between.
        undo=f"ip addr del {VIP}/32 dev eth0 2>/dev/null; :", together="h"),
    # Of the highest priority: the directors, who know their peers, do not heed it.
    "stranger-with-our-router-id": Fault(
        "vrrp.vrid-clash", None, {NFS: stranger(255, VIP, *DIRECTOR_ADDRESSES)},
        ("10.1.1.150", f"virtual_router_id {ROUTER_ID}", "not a unicast peer"),
        undo={NFS: NO_STRANGER}),
    # To everyone: the directors, which expect unicast, say nothing of it.
    "stranger-on-the-wire": Fault(
        "vrrp.vrid-clash", None, {NFS: stranger(100, "10.1.1.151")},
        ("heard on", "10.1.1.150", f"virtual_router_id {ROUTER_ID}", "do not mind it now"),
        undo={NFS: NO_STRANGER}, together="i"),
}

KEEPALIVED = {
    "stopped": Fault(
        "keepalived.down", ACTIVE, "systemctl stop keepalived", ("ActiveState=inactive",),
        together="i"),
    "auth-pass-too-long": Fault(
        "keepalived.auth-pass-truncated", STANDBY,
        edit("s/virtual_router_id/authentication {\\n auth_type PASS\\n auth_pass hunter2hunter2\\n"
             " }\\n virtual_router_id/"), ("of 14 characters",), together="j"),
    "keyword-dropped": Fault(
        "keepalived.keyword-dropped", STANDBY,
        edit("s/garp_master_refresh .*/garp_master_refresch 60/"),
        ("Unknown keyword 'garp_master_refresch'",), together="k"),
    "not-reloaded": Fault(
        "keepalived.not-reloaded", STANDBY, f"sleep 1; touch {CONF}",
        ("Configuration file", "systemctl reload keepalived"),
        undo="systemctl reload keepalived; sleep 1", together="l"),
}

TABLE = {
    "port-filtered": Fault(
        "ipvs.server-filtered", WEB, nft_file("tcp dport 80 drop"), ("tcp dport 80 drop",),
        shows=gone(WEB), leaves=NO_NFT, together="j"),
    "check-asks-for-the-wrong-page": Fault(
        "ipvs.check-wrong", tuple(REAL_SERVERS),
        {h: edit("s/status_code 200/status_code 404/") for h in DIRECTORS}, ("status_code 404",),
        shows=gone(*REAL_SERVERS)),
    "emptied-by-hand": Fault(
        "ipvs.emptied", STANDBY, "ipvsadm -C",
        ("nothing for 10.1.1.140:80", "systemctl restart keepalived"),
        undo="systemctl restart keepalived", together="m"),
    "entry-taken-out-by-hand": Fault(
        "ipvs.entry-gone", OTHER_WEB, {STANDBY: f"ipvsadm -d -t {VIP}:80 -r 10.1.1.133:80"},
        (f"on {STANDBY}:",), undo={STANDBY: f"ipvsadm -a -t {VIP}:80 -r 10.1.1.133:80 -g -w 1"},
        together="n"),
    "on-a-host-that-is-no-director": Fault(
        "ipvs.misplaced", NFS, f"modprobe ip_vs && ipvsadm -A -t {VIP}:80 -s rr && "
        f"ipvsadm -a -t {VIP}:80 -r 10.1.1.132:80 -g", ("0A01018C:0050",), undo="ipvsadm -C",
        together="h"),
}

WEBS = {
    "vip-not-on-lo": Fault(
        "vip.not-on-lo", WEB, f"ip address del {VIP}/32 dev lo", ("ip -o addr show dev lo",),
        together="d"),
    "vip-elsewhere": Fault(
        "vip.elsewhere", NFS, f"ip address add {VIP}/32 dev eth0", ("eth0", f"inet {VIP}/32"),
        undo=f"ip address del {VIP}/32 dev eth0", together="l"),
    "arp-all": Fault(
        "arp.sysctl", WEB, "sysctl -qw net.ipv4.conf.all.arp_ignore=0",
        ("it answers ARP for the VIP", "changed by hand", "net.ipv4.conf.all.arp_ignore = 0"),
        together="i"),
    "arp-lo": Fault(
        "arp.sysctl", WEB, "sysctl -qw net.ipv4.conf.lo.arp_announce=0",
        ("this does no harm now", "net.ipv4.conf.lo.arp_announce = 0"), together="f"),
    "arp-interface": Fault(
        "arp.sysctl", WEB, "sysctl -qw net.ipv4.conf.eth0.arp_ignore=3",
        ("of all (1) and eth0 (3) the larger is in force",),
        undo="sysctl -qw net.ipv4.conf.eth0.arp_ignore=0", together="n"),
    "arp-file": Fault(
        "arp.sysctl", WEB, "echo 'net.ipv4.conf.all.arp_ignore = 0' >/etc/sysctl.d/99-zzz.conf;"
        "sysctl -qp /etc/sysctl.d/99-zzz.conf", ("set by /etc/sysctl.d/99-zzz.conf line 1",),
        undo="rm /etc/sysctl.d/99-zzz.conf; sysctl -qw net.ipv4.conf.all.arp_ignore=1",
        together="m"),
    "vhost-removed": Fault(
        "http.default-site", WEB, "rm /etc/nginx/conf.d/clusterctl.conf; systemctl reload nginx",
        ("/etc/nginx/sites-enabled/default", "default_server"), together="g"),
    "vhost-hijacked": Fault(
        "http.default-site", WEB,
        "echo 'server { listen 10.1.1.140:80; server_name 10.1.1.140; return 200 hi; }'"
        " >/etc/nginx/conf.d/aaa.conf; systemctl reload nginx",
        ("that of /etc/nginx/conf.d/aaa.conf", "conflicting server name"),
        undo="rm /etc/nginx/conf.d/aaa.conf; systemctl reload nginx", together="c"),
    "nginx-stopped": Fault(
        "http.not-running", WEB, "systemctl stop nginx", ("ActiveState=inactive",),
        shows=gone(WEB), symptom="not in the table", together="k"),
    "port-closed": Fault(
        "ipvs.port-closed", WEB, "rm /etc/nginx/sites-enabled/default;"
        "sed -i '/listen/s/80/8081/' /etc/nginx/conf.d/clusterctl.conf; systemctl reload nginx",
        ("nothing listens on port 80", "8081"), shows=gone(WEB),
        leaves="ln -sf ../sites-available/default /etc/nginx/sites-enabled/; systemctl reload nginx"),
    "nginx-broken": Fault(
        "http.config-broken", WEB, "echo 'listen here;' >/etc/nginx/conf.d/zz.conf",
        ("[emerg]", "zz.conf:1"), undo="rm /etc/nginx/conf.d/zz.conf", together="m"),
    "port-taken": Fault(
        "http.port-taken", OTHER_WEB, "systemctl stop nginx;"
        "systemd-run -q --unit=other-web /usr/bin/python3 -m http.server 80; sleep 2",
        ("other-web.service", "ss -ltnp: LISTEN"),
        undo="systemctl stop other-web; systemctl start nginx", together="l"),
}

SHARES = {
    "closed": Fault("http.forbidden", NFS, f"chmod 700 {EXPORT}", ("Permission denied",)),
    "not-exported": Fault(
        "nfs.not-exported", NFS, f"exportfs -u 10.1.1.132:{EXPORT}",
        (f"does not export {EXPORT} to {WEB}", "10.1.1.133("), together="r"),
    "stopped": Fault("nfs.server-down", NFS, "systemctl stop nfs-server", ("ActiveState=inactive",)),
    "exported-ro": Fault(
        "nfs.read-only", NFS, f"exportfs -o ro,sync,no_subtree_check 10.1.1.132:{EXPORT}",
        ("10.1.1.132(ro,",), together="d"),
    "mounted-ro": Fault(
        "nfs.read-only", WEB, f"mount -o remount,ro {SHARE}", (f"{SHARE} ro,",),
        undo=f"mount -o remount,rw {SHARE}", together="m"),
    "not-mounted": Fault(
        "nfs.not-mounted", WEB, f"umount -l {SHARE}", ("nothing on", "/etc/fstab"), together="a"),
    "not-in-fstab": Fault(
        "nfs.not-in-fstab", WEB, "sed -i '/# BEGIN clusterctl/,/# END clusterctl/d' /etc/fstab",
        ("no line for", "10.1.1.134:/nfs/web"), together="k"),
    "mounted-elsewhere": Fault(
        "nfs.mounted-elsewhere", WEB,
        {NFS: "mkdir -p /nfs/other; exportfs -o rw,no_subtree_check 10.1.1.132:/nfs/other",
         WEB: f"umount -l {SHARE}; mount -t nfs 10.1.1.134:/nfs/other {SHARE}"},
        ("10.1.1.134:/nfs/other",), leaves={NFS: "exportfs -u 10.1.1.132:/nfs/other"},
        together="j"),
    # The exported directory is replaced under the mounts.
    "stale": Fault(
        "nfs.stale", tuple(REAL_SERVERS),
        {NFS: f"mv {EXPORT} /nfs/old && cp -a /nfs/old {EXPORT} && exportfs -f"},
        ("Stale file handle",), shows=stale, leaves={NFS: "rm -rf /nfs/old"}, together="f"),
    "filtered-by-nftables": Fault(
        "nfs.firewalled", NFS, nft_prompt("tcp dport 2049 drop"),
        ("tcp dport 2049 drop", "nft delete rule inet t in"), leaves=NO_NFT),
    "filtered-on-the-way-out": Fault(
        "nfs.firewalled", WEB, "iptables -A OUTPUT -p tcp -m tcp --dport 2049 -j DROP",
        ("-A OUTPUT -p tcp -m tcp --dport 2049 -j DROP", "iptables -t filter -D OUTPUT"),
        undo="iptables -D OUTPUT -p tcp -m tcp --dport 2049 -j DROP"),
}

ANY_HOST = {
    "not-enabled": Fault(
        "host.unit-not-enabled", OTHER_WEB, "systemctl disable -q nginx",
        ("UnitFileState=disabled",), together="a"),
    "disk-full": Fault(
        "host.disk-full", OTHER_WEB, "fallocate -l $(df --output=avail -k / | tail -n 1)K /var/fill",
        ("df -P", "100% /"), undo="rm /var/fill", together="n"),
    "unpacked": Fault(
        "host.packages-broken", NFS,
        "cd /tmp && apt-get download -qq tcpdump && dpkg --unpack tcpdump_*.deb >/dev/null",
        ("install ok unpacked",),
        undo="dpkg --purge tcpdump >/dev/null 2>&1; rm -f /tmp/tcpdump_*.deb", together="c"),
    "clock": Fault(
        "host.clock-skew", STANDBY, "date -s '+1 hour'", ("s ahead", "no time daemon"),
        undo="date -s '-1 hour'", together="i"),
}

FAULTS = {f"{group}/{name}": fault
          for group, rows in (("vrrp", VRRP), ("keepalived", KEEPALIVED), ("table", TABLE),
                              ("web", WEBS), ("share", SHARES), ("host", ANY_HOST))
          for name, fault in rows.items()}
