"""iptables-services: our rules in /etc/sysconfig/iptables and in force, with the real iptables in a network
and a mount namespace, in both of its kinds. What systemd would say of the units is said by a shell function."""
import os
import shutil
import subprocess

import pytest

TOOL = os.environ.get("EL_TOOL", "")
pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not os.path.exists("/usr/sbin/xtables-nft-multi"),
                                reason="needs root and iptables")

# As RHEL's package ships them (iptables-services 1.4.21 to 1.8.10).
STOCK = """# sample configuration for iptables service
# you can edit this manually or use system-config-firewall
# please do not ask us to add additional ports/services to this default configuration
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p {icmp} -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with {reject}
-A FORWARD -j REJECT --reject-with {reject}
COMMIT
"""
V4 = STOCK.format(icmp="icmp", reject="icmp-host-prohibited")
V6 = STOCK.format(icmp="ipv6-icmp", reject="icmp6-adm-prohibited")
RULES = ["vrrp/0 10.1.1.131", "tcp/80", "tcp/2049 10.1.1.132", "tcp/2049 2001:db8::132"]
NAMES = ["ip filter INPUT vrrp from 10.1.1.131", "ip filter INPUT tcp/80", "ip filter INPUT tcp/2049 from 10.1.1.132",
         "ip6 filter INPUT tcp/2049 from 2001:db8::132"]


class Host:
    """A network and a mount namespace, held by a process that sleeps."""

    def __init__(self, kind, sysconfig):
        self.sysconfig = sysconfig
        sysconfig.mkdir()
        self.holder = subprocess.Popen(["unshare", "-nm", "sh", "-ec", """
            mount --make-rprivate /
            mount -t tmpfs none /run
            [ -d /etc/sysconfig ] || { mkdir -p "$2.etc/sysconfig"; mount -t overlay -o "lowerdir=$2.etc:/etc" none /etc; }
            mount --bind "$2" /etc/sysconfig
            [ "$1" = nft ] || mount --bind /usr/sbin/xtables-legacy-multi /usr/sbin/xtables-nft-multi
            echo ready; exec sleep 600""", "sh", kind, str(sysconfig)], stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "ready\n"
        self.active = "iptables ip6tables"

    def sh(self, script, check=True):
        r = subprocess.run(["nsenter", "-t", str(self.holder.pid), "-n", "-m", "sh", "-s"], input=script,
                           capture_output=True, text=True, timeout=60, check=False)
        assert not check or r.returncode == 0, r.stderr + r.stdout
        return r.stdout

    def tool(self, verb, *rules, check=True):
        script = subprocess.run([TOOL, f"firewall-{verb}", *rules], capture_output=True, text=True, check=True)
        said = "systemctl() {\n  case $1 in is-active) case \" " + self.active + " \" in *\" ${3%.service} \"*) return 0 ;; esac ;; esac\n"
        return self.sh(said + "  return 1\n}\n" + script.stdout, check)

    def seen(self, what, *rules):
        records = [line.split(" ", 3)[-1] for line in self.tool("observe", *rules).splitlines()]
        return sorted(r.split(" ", 1)[1] for r in records if r.startswith(what + " "))

    def boot(self):
        self.sh("iptables-restore </etc/sysconfig/iptables; ip6tables-restore </etc/sysconfig/ip6tables")

    def listing(self):
        return self.sh("iptables-save -t filter; ip6tables-save -t filter")


@pytest.fixture(name="host", params=["nft", "legacy"])
def fixture_host(request, tmp_path):
    h = Host(request.param, tmp_path / "sysconfig")
    (h.sysconfig / "iptables").write_text(V4)
    (h.sysconfig / "ip6tables").write_text(V6)
    h.boot()
    yield h
    h.holder.kill()
    h.holder.wait()


def test_rules_in_force_and_for_good(host):
    before = host.listing()
    assert host.seen("backend") == ["iptables"] and host.seen("live") == host.seen("stored") == []
    host.tool("apply", *RULES)
    assert host.seen("live") == host.seen("stored") == sorted(NAMES)
    rules = [line for line in host.sh("iptables-save -t filter").splitlines() if line.startswith("-A INPUT")]
    assert all("clusterctl" in line for line in rules[:3]) and "REJECT" in rules[-1]
    assert any("-s 10.1.1.131/32" in line and ("-p vrrp" in line or "-p 112" in line) for line in rules)
    # What was there is there to the byte, ours before the first of INPUT.
    text = (host.sysconfig / "iptables").read_text()
    assert "".join(x for x in text.splitlines(True) if "clusterctl" not in x) == V4
    assert text.index("clusterctl") < text.index("RELATED,ESTABLISHED")
    host.boot()
    assert host.seen("live") == sorted(NAMES)
    # Again, and with one rule less: none twice, none that is not wanted.
    host.tool("apply", *RULES[:2])
    assert host.seen("live") == host.seen("stored") == sorted(NAMES[:2])
    host.tool("undo")
    assert (host.sysconfig / "iptables").read_text() == V4 and (host.sysconfig / "ip6tables").read_text() == V6
    assert strip(host.listing()) == strip(before)


def strip(listing):
    return [line.split(" [")[0] for line in listing.splitlines() if not line.startswith("#")]


def test_a_file_that_somebody_broke_is_left_alone(host):
    (host.sysconfig / "iptables").write_text(V4.replace("-j REJECT", "-j NOWHERE"))
    out = host.tool("apply", *RULES, check=False)
    assert "was not changed: iptables-restore refused" in out
    assert "clusterctl" not in (host.sysconfig / "iptables").read_text()
    assert not [p for p in host.sysconfig.iterdir() if "clusterctl" in p.name]


def test_other_tables_and_no_filter_at_all(host):
    other = "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 81 -j REDIRECT --to-ports 80\nCOMMIT\n"
    (host.sysconfig / "iptables").write_text(other)
    host.tool("apply", *RULES)
    assert (host.sysconfig / "iptables").read_text().startswith(other)
    assert host.seen("stored") == sorted(NAMES)
    host.boot()
    assert host.seen("live") == sorted(NAMES)


def test_saved_by_the_service_itself(host):
    host.tool("apply", *RULES)
    host.sh("iptables-save >/etc/sysconfig/iptables")
    assert host.seen("stored") == sorted(NAMES)
    host.tool("undo")
    assert host.seen("live") == host.seen("stored") == []


def test_units_that_are_off(host):
    """Enabled and not at work: the file alone. Neither: no firewall."""
    host.active = "iptables"
    host.tool("apply", *RULES)
    assert host.seen("live") == sorted(NAMES[:3])
    assert (host.sysconfig / "ip6tables").read_text() == V6
    assert "backend iptables" in host.tool("off")
    host.active = ""
    assert "iptables" not in host.tool("off") and "iptables" not in host.seen("backend")
