"""What a host is, down to its files and units, to be held against what it was; what a cluster leaves behind."""
import re

from conftest import HOSTS, everywhere, ssh

# What a destroyed host has and a bare one had not, each for a reason. Files that dpkg lists for a
# package that was installed since are left out by their names; the rest of what packages do is here.
POSTINST = [  # what their scripts make
    r"/etc/(default/nfs-kernel-server|exports|ipvsadm\.rules|nfs\.conf|idmapd\.conf|inputrc|ld\.so\.cache)$",
    r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$",          # _rpc, statd
    r"/etc/(alternatives|rc[S0-6]\.d)(/|$)",                         # links
    r"/etc/nginx/(modules|sites)-enabled/|/etc/python3",
    r"/etc/systemd/system(/[^/]+\.(wants|requires))?(/|$)",          # units enabled by default
    r"/var/www(/html(/index\.nginx-debian\.html)?)?$",
    r"/usr/(bin|sbin|local)/", r"/(sbin|bin|lib)/", r"/var/lib/(nfs|nginx|python|snmp)(/|$)",
    r"/var/lib/(dpkg|apt|ucf|systemd|private)(/|$)",
]
LOGS = [r"/var/log/", r"/root/", r"/tmp(/|$)", r"/var/tmp(/|$)", r"/etc/\.pwd\.lock$"]
CACHES = [r"/var/cache/", r"/var/lib/apt/", r"/boot/"]
ALLOWED = re.compile("|".join(f"^(?:{p})" for p in POSTINST + LOGS + CACHES))
# Directories on the way to something of the above.
PARENTS = re.compile(r"^/(etc|usr|var|var/lib|var/log|srv|root|bin|sbin|lib)?$")

# Units, modules and sysctls that the packages' own units bring along, now that they are installed,
# and what systemd pulls in with anything that waits for the network.
PACKAGE_UNITS = re.compile(
    r"^(nginx|keepalived|ipvsadm|nftables|nfs|rpc|portmap|auth-rpcgss|proc-fs-nfsd|run-rpc_pipefs|"
    r"fsidd|nfsdcld|gssproxy|var-lib-nfs|network-online\.target|nss-lookup\.target|remote-fs-pre\.target|"
    r"proc-sys-fs-binfmt_misc|user|session|apt-daily|dpkg-db-backup|e2scrub|fstrim|man-db|logrotate|"
    r"systemd-(tmpfiles|hostnamed|timesyncd|update-utmp))")
PACKAGE_MODULES = re.compile(
    r"^(sunrpc|nfs|nfsd|nfsv4|nfs_acl|lockd|grace|auth_rpcgss|rpcsec_gss_krb5|dns_resolver|fscache|netfs|"
    r"cachefiles|tcp_diag|inet_diag|udp_diag)$")
PACKAGE_MOUNTS = re.compile(r"^(sunrpc|nfsd|binfmt_misc) ")
# Those of sunrpc, nfs and nfsd; and the kernel's own counters and draws.
SYSCTLS = re.compile(r"^(sunrpc\.|fs\.nfs\.|kernel\.random\.|kernel\.ns_last_pid|fs\.(dentry|inode|file|quota)|"
                     r"kernel\.pty\.nr|fs\.binfmt_misc|fs\.aio-nr)")

PICTURE = r"""
skip='-path /var/cache -o -path /var/log -o -path /srv/repo -o -path /usr/share -o -path /usr/lib'
find / -xdev \( $skip \) -prune -o \( -type l -printf 'tree %p %y %l\n' \) -o \
  -printf 'tree %p %y %m %u:%g\n' 2>/dev/null
find / -xdev \( $skip -o -path /usr -o -path /boot \) -prune -o -type f -print0 2>/dev/null |
  xargs -0 md5sum | awk '{ print "tree", $2, $1 }'
systemctl list-unit-files --no-legend --no-pager | awk '{ print "file", $1, $2 }'
systemctl list-units --all --no-legend --no-pager --plain | awk '{ print "unit", $1, $3 }'
sysctl -a 2>/dev/null | sed 's/^/sysctl /'
ip -o addr show | awk '{ print "address", $2, $3, $4 }'
ip -o route show table all | sed 's/^/route /'
cat /proc/mounts | awk '{ print "mount", $1, $2, $3 }'
dpkg-query -W -f 'package ${Package}\n'
cat /proc/modules | awk '{ print "module", $1 }'
cat /proc/sys/kernel/hostname | sed 's/^/hostname /'
command -v nft >/dev/null && nft list ruleset | sed 's/^/nft /'
:
"""


def picture():
    return {h: set(out.splitlines()) for h, out in everywhere(PICTURE).items()}


def new_files(before, after):
    """What dpkg lists for the packages that only `after` has; /lib is /usr/lib."""
    names = {h: sorted(l.split()[1] for l in after[h] - before[h] if l.startswith("package ")) for h in HOSTS}
    out = {h: ssh(h, f"dpkg -L {' '.join(names[h])}") if names[h] else "" for h in HOSTS}
    return names, {h: {re.sub(r"^/(lib|bin|sbin)/", r"/usr/\1/", l) for l in out[h].splitlines()} for h in HOSTS}


def is_expected(line, listed):
    kind, _, rest = line.partition(" ")
    if kind == "tree":
        path = rest.split(" ")[0]
        return path in listed or ALLOWED.match(path) or PARENTS.match(path)
    rules = {"file": PACKAGE_UNITS, "unit": PACKAGE_UNITS, "sysctl": SYSCTLS, "module": PACKAGE_MODULES,
             "mount": PACKAGE_MOUNTS}
    return kind == "package" or (kind in rules and rules[kind].match(rest))


def differences(before, after, listed):
    return {h: sorted(f"{sign} {line}" for sign, lines in (("-", before[h] - after[h]), ("+", after[h] - before[h]))
                      for line in lines if not is_expected(line, listed[h])) for h in HOSTS}


LEFT = """
ls -d /var/lib/clusterctl /run/clusterctl /etc/nginx/conf.d/clusterctl.conf /var/www/html/shared \
  /etc/systemd/system/clusterctl* /etc/sysctl.d/*clusterctl* /etc/*clusterctl* 2>/dev/null
ip -o addr show dev lo | grep -F 10.1.1.140
ip route show table all | grep -F 10.1.1.140
grep -s clusterctl /etc/hosts /etc/fstab
sysctl -n net.ipv4.conf.all.arp_ignore net.ipv4.conf.all.arp_announce net.ipv4.conf.lo.arp_ignore | grep -v '^0$'
grep ' nfs4\\? ' /proc/mounts
:
"""
