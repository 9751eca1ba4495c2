"""The dnf half of the packages, with the real dnf and rpm: in a mount namespace whose package database,
repositories and settings are the test's own. The packages are tiny ones, made here by rpmbuild.

yum 3, of CentOS 7, is in no distribution that these tests could run on: the yum half is what dnf answers
to under that name."""
import os
import shutil
import subprocess
import threading

import pytest

TOOL = os.environ.get("EL_TOOL", "")
# Directories of this machine that are not the test's to write in; the host has its own there.
OWN = ["/var/lib", "/var/cache", "/var/log", "/etc/dnf", "/opt", "/root"]

SPEC = """Name: {name}
Version: {version}
Release: 1
Summary: {name}
License: none
BuildArch: noarch
{more}
%description
{name}
%install
mkdir -p %{{buildroot}}/opt/el
echo {version} >%{{buildroot}}/opt/el/{name}
{install}
%files
/opt/el/{name}
{files}
"""


def make(where, name, version="1.0", more="", install="", files=""):
    """A package in the repository `where`."""
    top = where.parent / "rpmbuild"
    where.mkdir(parents=True, exist_ok=True)
    top.mkdir(exist_ok=True)
    spec = top / f"{name}.spec"
    spec.write_text(SPEC.format(name=name, version=version, more=more, install=install, files=files))
    subprocess.run(["rpmbuild", "--quiet", "-bb", "--define", f"_topdir {top}", "--define",
                    f"_rpmdir {where}", "--define", "_build_name_fmt %%{NAME}-%%{VERSION}.rpm",
                    "--define", f"_dbpath {top}/db", str(spec)],
                   check=True, capture_output=True, text=True)


def index(where):
    shutil.rmtree(where / "repodata", ignore_errors=True)
    subprocess.run(["createrepo_c", "-q", str(where)], check=True, capture_output=True)


def repository(name, where):
    return f"[{name}]\nname={name}\nbaseurl=file://{where}\nenabled=1\ngpgcheck=0\n"


@pytest.fixture(scope="module", name="packages")
def fixture_packages(tmp_path_factory):
    """Two repositories; what the second has is known only once epel-release is there."""
    top = tmp_path_factory.mktemp("packages")
    base, extra = top / "base", top / "extra"
    make(base, "distribution")
    make(base, "keepalived", "2.1.5", "Requires: libnl\nRecommends: luxury")
    make(base, "libnl")
    make(base, "luxury")
    make(base, "other", more="Requires: libnl")
    make(base, "needs-keepalived", more="Requires: keepalived")
    repo = repository("extra", "/opt/extra")
    make(base, "epel-release", install="mkdir -p %{buildroot}/opt/repos\n"
         f"cat >%{{buildroot}}/opt/repos/extra.repo <<'EOF'\n{repo}EOF", files="/opt/repos/extra.repo")
    make(extra, "nginx", "1.20.1")
    index(base)
    index(extra)
    return top


def made(*args):
    """What the tool would have a host do."""
    return subprocess.run([TOOL, *args], capture_output=True, text=True, check=True).stdout


class Host:
    """A host of the test's own: directories that are mounted over this machine's for each command."""

    def __init__(self, top, packages):
        self.top = top
        self.base, self.extra = top / "root/opt/base", top / "root/opt/extra"
        for path in OWN:
            (top / "root" / path[1:]).mkdir(parents=True)
        for path in ("var/lib/dnf", "var/lib/rpm", "var/cache/dnf", "etc/dnf/vars", "opt/repos"):
            (top / "root" / path).mkdir()
        (top / "root/etc/dnf/dnf.conf").write_text("[main]\nplugins=0\nreposdir=/opt/repos\n")
        (top / "root/etc/dnf/vars/releasever").write_text("9")
        (top / "root/opt/repos/base.repo").write_text(repository("base", "/opt/base"))
        shutil.copytree(packages / "base", self.base)
        shutil.copytree(packages / "extra", self.extra)

        mounts = "".join(f"mount --bind {top}/root{p} {p} && " for p in OWN)
        self.shell = ["unshare", "-m", "-n", "sh", "-c", mounts + "exec sh -s"]

    def run(self, script, **kw):
        return subprocess.run(self.shell, input=script, capture_output=True, text=True, timeout=100, check=False, **kw)

    def tool(self, *args):
        return self.run(made(*args))

    def installed(self):
        return set(self.run("rpm -qa --qf '%{NAME}\\n'").stdout.split())

    def seen(self, *names):
        out = self.tool("observe", "dnf", "-", *names).stdout
        return {line.split()[-1] for line in out.splitlines() if " installed " in line}


@pytest.fixture(name="host")
def fixture_host(tmp_path, packages):
    if os.geteuid() != 0 or not os.access(TOOL, os.X_OK):
        pytest.fail("needs root, and EL_TOOL to name the el_tool binary", pytrace=False)
    host = Host(tmp_path, packages)
    done = host.run("dnf -q -y install distribution")
    assert done.returncode == 0, done.stderr
    return host


def test_installs_what_is_missing(host):
    assert host.installed() == {"distribution"}
    assert host.seen("keepalived", "libnl") == set()
    done = host.tool("install", "dnf", "-", "keepalived")
    assert done.returncode == 0, done.stdout + done.stderr
    assert host.installed() == {"distribution", "keepalived", "libnl"}, "weak dependencies are left out"
    assert host.seen("keepalived", "luxury") == {"keepalived"}
    again = host.tool("install", "dnf", "-", "keepalived")
    assert again.returncode == 0


@pytest.mark.parametrize("manager", ["dnf", "yum"])
def test_repository_first(host, manager):
    """Where nginx is in a repository that a package brings."""
    (host.top / "root/opt/yum").symlink_to("/usr/bin/dnf")
    script = subprocess.run([TOOL, "install", manager, "epel-release", "nginx"], capture_output=True,
                            text=True, check=True).stdout
    script = script.replace("PATH=/usr/sbin", "PATH=/opt:/usr/sbin", 1)
    done = host.run(script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"epel-release", "nginx"} <= host.installed()


def test_without_the_repository_it_says_what_is_missing(host):
    done = host.tool("install", "dnf", "-", "nginx")
    assert done.returncode != 0
    assert "nginx" in done.stdout + done.stderr


def test_purge_takes_what_came_and_nothing_else(host):
    host.run("dnf -q -y install luxury")
    assert host.tool("install", "dnf", "-", "keepalived").returncode == 0
    done = host.tool("purge", "dnf", "-", "keepalived")
    assert done.returncode == 0, done.stdout + done.stderr
    assert host.installed() == {"distribution", "luxury"}
    assert host.tool("purge", "dnf", "-", "keepalived").returncode == 0, "nothing is left to do"


def test_purge_spares_what_others_need(host):
    assert host.tool("install", "dnf", "-", "keepalived").returncode == 0
    host.run("dnf -q -y install other")
    assert host.tool("purge", "dnf", "-", "keepalived").returncode == 0
    assert host.installed() == {"distribution", "libnl", "other"}


def test_purge_refuses_to_break_a_package(host):
    assert host.tool("install", "dnf", "-", "keepalived").returncode == 0
    host.run("dnf -q -y install needs-keepalived")
    done = host.tool("purge", "dnf", "-", "keepalived")
    assert done.returncode != 0 and "nothing was purged" in done.stdout
    assert {"keepalived", "libnl", "needs-keepalived"} <= host.installed()


def test_stale_metadata_is_refreshed(host):
    """What the lists name is gone from the repository, as after an update there."""
    host.run("dnf -q makecache")
    (host.base / "keepalived-2.1.5.rpm").unlink()
    make(host.base, "keepalived", "2.1.6", "Requires: libnl")
    index(host.base)
    done = host.tool("install", "dnf", "-", "keepalived")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the first try failed" in done.stdout
    assert "2.1.6" in host.run("rpm -q keepalived").stdout


def test_waits_for_another_dnf(host):
    """dnf's lock is a file with the number of a process that lives."""
    with subprocess.Popen(["sleep", "60"]) as other:
        threading.Thread(target=other.wait).start()  # or it would be there for ever, as a zombie
        for directory in ("var/lib/dnf", "var/cache/dnf"):
            for lock in ("rpmdb_lock.pid", "metadata_lock.pid"):
                (host.top / "root" / directory / lock).write_text(str(other.pid))
        with subprocess.Popen(host.shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True) as install:
            install.stdin.write(made("install", "dnf", "-", "keepalived"))
            install.stdin.close()
            assert any(f"pid {other.pid} " in line for line in install.stdout), "dnf says whom it waits for"
            other.kill()
            said = install.stdout.read()
    assert install.returncode == 0 and "the first try failed" not in said, said


def test_the_version_it_would_get(host):
    if shutil.which("keepalived"):
        script = subprocess.run([TOOL, "candidate"], capture_output=True, text=True, check=True).stdout
        # This machine has keepalived and apt: the question is put as a host without them is asked.
        script = script.replace("if command -v keepalived >/dev/null; then", "if false; then")
        script = script.replace("elif command -v apt-cache >/dev/null; then", "elif false; then")
        assert script.count("if false") == 2
    else:
        script = subprocess.run([TOOL, "candidate"], capture_output=True, text=True, check=True).stdout
    assert "keepalived_candidate 2.1.5" in host.run(script).stdout
