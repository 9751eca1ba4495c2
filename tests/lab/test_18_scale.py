"""What is made can be unmade: destroy, and hosts that leave the cluster and come back."""
import re

from conftest import HOSTS, clusterctl, everywhere, reset, ssh

# What a destroyed host has and a bare one had not, each for a reason.
PACKAGES = [
    r"/usr/", r"/etc/alternatives/", r"/var/lib/(dpkg|apt|systemd|ucf|nfs|nginx|dhcp|private)(/|$)",
    # conffiles, links and states of packages that were installed; keepalived, nginx, nftables, NFS
    r"/etc/(keepalived|nginx|nftables\.conf|ipvsadm\.rules|exports|exports\.d|idmapd\.conf|nfs\.conf|"
    r"nfs\.conf\.d|netconfig|rpc|gss|request-key\.d|request-key\.conf|rpcbind\.conf|snmp|fonts|X11|"
    r"perl|ld\.so\.cache|ld\.so\.conf\.d|libnl-3|udev|modprobe\.d|mime\.types|ca-certificates|"
    r"ca-certificates\.conf|ssl|dbus-1|iproute2|gai\.conf|bindresvport\.blacklist|GeoIP|apparmor\.d|"
    r"insserv\.conf\.d|rcS?[0-9]?\.d|init\.d|default|logrotate\.d|ufw|pam\.d|cron\.d)(/|$)",
    r"/etc/systemd/system/[^/]+\.(wants|requires)(/|$)",  # what postinst enables
    r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$",  # _rpc, statd
    r"/var/www(/html(/index\.nginx-debian\.html)?)?$", r"/run/", r"/boot/", r"/lib/",
]
LOGS = [r"/var/log/", r"/root/", r"/tmp/", r"/var/tmp/", r"/etc/\.pwd\.lock$", r"/etc/machine-id$",
        r"/etc/(resolv\.conf|adjtime|mtab)$", r"/var/lib/systemd/"]
CACHES = [r"/var/cache/", r"/etc/ld\.so\.cache$", r"/var/lib/apt/"]
ALLOWED = re.compile("|".join(f"^(?:{p})" for p in PACKAGES + LOGS + CACHES))

# Units, modules and sysctls that the packages' own units bring along, now that they are installed.
PACKAGE_UNITS = re.compile(
    r"^(nginx|keepalived|ipvsadm|nftables|nfs-|rpc|rpcbind|auth-rpcgss|proc-fs-nfsd|run-rpc_pipefs|"
    r"var-lib-nfs|fsidd|nfsdcld|blkmap|dm-event|gssproxy|system-|user|session|init\.scope|-\.slice)")
PACKAGE_SYSCTLS = re.compile(r"^(sunrpc\.|fs\.nfs\.|fs\.nfsd\.|kernel\.(random|pty|ns_last|perf|sched)|"
                             r"fs\.(dentry|inode|file|quota)|net\.netfilter\.|net\.nf_conntrack|"
                             r"kernel\.core_modes|user\.|vm\.stat)")

PICTURE = r"""
find / -xdev \( -path /var/cache -o -path /var/log -o -path /srv/repo \) -prune -o \
  \( -type f -printf '%p f %m %u:%g ' -exec sh -c 'md5sum <"$1" | cut -c1-32' - {} \; \) -o \
  \( -type l -printf '%p l %l\n' \) -o -printf '%p d %m %u:%g\n' 2>/dev/null | sed 's/^/tree /'
systemctl list-unit-files --no-legend --no-pager | awk '{ print "file", $1, $2 }'
systemctl list-units --all --no-legend --no-pager --plain | awk '{ print "unit", $1, $3 }'
sysctl -a 2>/dev/null | sed 's/^/sysctl /'
ip -o addr show | awk '{ print "address", $2, $3, $4 }'
ip -o route show table all | sed 's/^/route /'
cat /proc/mounts | awk '{ print "mount", $1, $2, $3 }'
cat /proc/modules | awk '{ print "module", $1 }'
cat /proc/sys/kernel/hostname | sed 's/^/hostname /'
command -v nft >/dev/null && nft list ruleset | sed 's/^/nft /'
:
"""


def picture():
    return {h: set(out.splitlines()) for h, out in everywhere(PICTURE).items()}


def is_expected(line):
    kind, _, rest = line.partition(" ")
    if kind == "tree":
        return ALLOWED.match(rest.split(" ")[0])
    if kind in ("file", "unit"):
        return PACKAGE_UNITS.match(rest)
    if kind == "sysctl":
        return PACKAGE_SYSCTLS.match(rest)
    return False


def differences(before, after):
    return {h: sorted([f"- {l}" for l in before[h] - after[h] if not is_expected(l)] +
                      [f"+ {l}" for l in after[h] - before[h] if not is_expected(l)]) for h in HOSTS}
