"""A real server where SELinux enforces Debian's policy, in which nginx (httpd_t) may not read NFS (nfs_t):
doctor names the denial and no other cause, and what it tells to do about it helps (`tests/run doctor`)."""
import pytest

from conftest import REAL_SERVERS, clusterctl, lab, serving, ssh, verified
from doctoring import cluster, examine, lines, settle  # pylint: disable=unused-import
from faults import SHARE

pytestmark = pytest.mark.on_request

WEB, _ = REAL_SERVERS
CONTEXTS = "/etc/selinux/default/contexts/files/file_contexts"


@pytest.fixture(scope="module", autouse=True)
def policy(cluster):
    """The policy installed, the files labelled, the kernel started anew with it: permissive."""
    lab("bring", WEB, "selinux-policy-default")
    # Where something is mounted now, the directory below it needs no label. At its end setfiles fails (255), as
    # it cannot tell the audit system, which the lab's kernels are usually started without.
    elsewhere = " ".join(f"-e {d}" for d in ("/srv/repo", "/sys", "/proc", "/dev", "/run", SHARE))
    ssh(WEB, f"setfiles -F {elsewhere} {CONTEXTS} /; [ $? = 255 ] && sync", timeout=600)
    lab("fault", WEB, "power-off")
    try:
        lab("fault", WEB, "power-on", "--wait", "--kernel=security=selinux")
        assert ssh(WEB, "getenforce") == "Permissive\n"
        assert ":httpd_t:" in ssh(WEB, "ps -C nginx -o label=")
        clusterctl("deploy", "--quiet")
        serving()
        settle()
        ssh(WEB, "setenforce 1")
        yield
    finally:
        # Off, it will be started without SELinux.
        lab("fault", WEB, "power-off")
        lab("reset", "deployed")


def judged(remedy, cause, fix):
    findings, unexplained, r = examine()
    assert [(f["id"], f["host"], f["remedy"]) for f in findings] == [("selinux.denial", WEB, remedy)], r.stdout
    assert not unexplained, r.stdout
    f, = findings
    assert cause in f["cause"] and "nginx (httpd_t)" in f["cause"] and "nfs_t" in f["cause"], f
    assert fix in f["fix"] and any("avc:  denied" in line for line in f["evidence"]), f
    return f


def test_the_boolean_that_a_deploy_sets_is_off():
    ssh(WEB, "setsebool httpd_use_nfs off")
    judged("deploy", "httpd_use_nfs is off", "clusterctl deploy")
    _, _, r = examine("--fix")
    assert ssh(WEB, "cat /sys/fs/selinux/booleans/httpd_use_nfs").split()[0] == "1"
    # In this policy it is about something else, and doctor does not hold the cluster for repaired.
    left = [f for f in lines(r, "finding") if f["after_fix"]]
    assert [(f["id"], f["remedy"]) for f in left] == [("selinux.denial", "manual")], r.stdout


def test_what_it_tells_to_do_helps():
    f = judged("manual", "though the boolean httpd_use_nfs is on", "semodule -i")
    ssh(WEB, f["fix"].split(f"on {WEB}: ")[1], timeout=300)
    serving()
    verified(60)  # both directors send to it
    # What was denied before is in the log still.
    findings, unexplained, r = examine(expect=0)
    assert not findings and not unexplained, r.stdout
