"""SELinux turned off and back on: what becomes of /etc/selinux/config, with the hosts' own shell in a mount
namespace. No kernel here has SELinux: setenforce and grubby are shell functions that note what they are told,
and selinuxfs is a directory."""
import os
import subprocess

import pytest

TOOL = os.environ.get("EL_TOOL", "")
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

# As RHEL 9 ships it.
CONFIG = """
# This file controls the state of SELinux on the system.
# SELINUX= can take one of these three values:
#     enforcing - SELinux security policy is enforced.
#     permissive - SELinux prints warnings instead of enforcing.
#     disabled - No SELinux policy is loaded.
SELINUX=enforcing
# SELINUXTYPE= can take one of these three values:
#     targeted - Targeted processes are protected,
SELINUXTYPE=targeted
"""
SAYS = """
setenforce() { echo "setenforce $*" >>$D/told; printf %s $1 >/sys/fs/selinux/enforce; }
grubby() {
  case $* in
  --info=ALL) for k in 1 2; do printf 'index=%s\nargs="ro quiet%s"\n' $k "$(cat $D/args)"; done ;;
  *--args*) echo "grubby $*" >>$D/told; echo ' selinux=0' >$D/args ;;
  *--remove-args*) echo "grubby $*" >>$D/told; : >$D/args ;;
  esac
}
"""


class Host:
    def __init__(self, where):
        self.dir = where
        (where / "etc").mkdir()
        (where / "fs").mkdir()
        (where / "root").mkdir()
        (where / "args").write_text("")
        (where / "told").write_text("")
        (where / "fs/enforce").write_text("1")
        self.config = where / "etc/config"
        self.config.write_text(CONFIG)
        self.config.chmod(0o640)

    def tool(self, verb, mode="disabled", before=""):
        script = subprocess.run([TOOL, f"selinux-{verb}", mode], capture_output=True, text=True, check=True).stdout
        mounts = """
            mount --make-rprivate /
            [ -d /etc/selinux ] || { mkdir -p "$D/lower/selinux"; mount -t overlay -o "lowerdir=$D/lower:/etc" none /etc; }
            mount --bind "$D/etc" /etc/selinux
            mount -t tmpfs none /sys/fs; mkdir /sys/fs/selinux; [ ! -d "$D/fs" ] || mount --bind "$D/fs" /sys/fs/selinux
            exec sh -s"""
        r = subprocess.run(["unshare", "-m", "sh", "-ec", mounts], input=SAYS + script.replace("/.autorelabel", str(self.dir / "root/.autorelabel")),
                           capture_output=True, text=True, check=False, timeout=60,
                           env=os.environ | {"D": str(self.dir), "BEFORE": before})
        assert r.returncode == 0, r.stderr + r.stdout
        return r.stdout

    def seen(self, mode="disabled"):
        return [line.split(" ", 3)[-1] for line in self.tool("observe", mode).splitlines()]

    def told(self):
        return (self.dir / "told").read_text().splitlines()


@pytest.fixture(name="host")
def fixture_host(tmp_path):
    return Host(tmp_path)


@pytest.mark.parametrize("mode", ["permissive", "disabled"])
def test_one_word_changes_and_goes_back(host, mode):
    assert host.seen(mode) == ["live 1", "config enforcing"]
    before = host.tool("pre").strip()
    assert before == "1 enforcing 0"
    host.tool("apply", mode)
    assert host.config.read_text() == CONFIG.replace("SELINUX=enforcing", f"SELINUX={mode}")
    assert host.config.stat().st_mode & 0o777 == 0o640
    assert host.seen(mode) == ["live 0", f"config {mode}"] and host.told() == ["setenforce 0"]
    assert sorted(p.name for p in host.config.parent.iterdir()) == ["config"]
    host.tool("undo", before=before)
    assert host.config.read_text() == CONFIG and host.told() == ["setenforce 0", "setenforce 1"]
    assert not (host.dir / "root/.autorelabel").exists()


def test_by_the_kernels_argument(host):
    before = host.tool("pre").strip()
    assert host.seen("argument") == ["live 1", "config enforcing", "arg 0"]
    host.tool("apply", "argument")
    assert host.seen("argument") == ["live 0", "config disabled", "arg 1"]
    assert "grubby --update-kernel ALL --args selinux=0" in host.told()
    host.tool("undo", before=before)
    assert host.seen("argument") == ["live 1", "config enforcing", "arg 0"]
    assert "grubby --update-kernel ALL --remove-args selinux=0" in host.told()


def test_an_argument_of_somebody_elses_stays(host):
    (host.dir / "args").write_text(" selinux=0")
    before = host.tool("pre").strip()
    assert before == "1 enforcing 1"
    host.tool("undo", before=before)
    assert host.seen("argument")[-1] == "arg 1"


def test_back_after_a_boot_without_it(host):
    """Files that were made in the meantime have no labels."""
    before = host.tool("pre").strip()
    host.tool("apply")
    (host.dir / "fs/enforce").unlink()
    (host.dir / "fs").rmdir()
    assert host.seen() == ["config disabled"]
    host.tool("undo", before=before)
    assert host.config.read_text() == CONFIG
    assert (host.dir / "root/.autorelabel").read_text() == "-F\n"


def test_a_config_without_the_word_and_with_remarks(host):
    host.config.write_text("SELINUXTYPE=targeted\n")
    host.tool("apply", "permissive")
    assert host.config.read_text() == "SELINUXTYPE=targeted\nSELINUX=permissive\n"
    host.config.write_text("SELINUX=enforcing  # as it came\n")
    host.tool("apply", "permissive")
    assert host.config.read_text() == "SELINUX=permissive  # as it came\n"
