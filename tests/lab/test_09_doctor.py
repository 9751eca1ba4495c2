"""doctor on a cluster with several faults at once: it names every cause, each with its evidence,
and no other; --fix repairs those that a deploy can. SELinux is in a file of its own: a guest needs
minutes to get a policy."""
import pytest
from conftest import DIRECTORS, REAL_SERVERS, alternates, clusterctl, everywhere, lab, pages, ssh
from doctoring import (cluster, examine, from_scratch_after_a_failure,  # pylint: disable=unused-import
                       named_and_repaired, settle)
from faults import ACTIVE, FAULTS, STANDBY


def test_nothing_is_wrong_and_nothing_is_changed():
    look = ("ip -o addr; grep nfs /proc/self/mountinfo; cat /etc/fstab; sysctl -a -r arp_;"
            "nft -s list ruleset 2>/dev/null | grep -v elements;"
            "find /etc /var/lib/clusterctl -type f -newer /run/utmp | sort")
    hosts = DIRECTORS + REAL_SERVERS
    before = everywhere(look, hosts)
    r = clusterctl("doctor")
    assert "Looked at 5 of 5 hosts" in r.stdout and "nothing is wrong" in r.stdout
    assert everywhere(look, hosts) == before


@pytest.mark.parametrize("group", sorted({f.together for f in FAULTS.values()} - {""}))
def test_named_and_repaired(group):
    named_and_repaired([f for f in FAULTS.values() if f.together == group])


def test_active_table_emptied_by_hand():
    ssh(ACTIVE, "ipvsadm -C")
    findings, unexplained, r = examine()
    assert [f["id"] for f in findings] == ["ipvs.emptied"] and not unexplained, r.stdout
    ssh(ACTIVE, findings[0]["fix"].split(f"on {ACTIVE}: ")[1])
    assert alternates(pages(6)), "the commands that doctor named bring it back"


def test_the_password_stays_on_the_host():
    fault = FAULTS["keepalived/auth-pass-too-long"]
    ssh(STANDBY, fault.make)
    findings, _, r = examine("--fix")
    assert [f["id"] for f in findings] == [fault.cause] and "hunter2" not in r.stdout + r.stderr


def test_unreachable_director():
    lab("fault", STANDBY, "link-down")
    try:
        findings, unexplained, r = examine(expect=69)
        assert [(f["id"], f["host"]) for f in findings] == [("host.unreachable", STANDBY)], r.stdout
        assert not unexplained, r.stdout
        assert f"{ACTIVE}: ping {STANDBY}: no answer" in findings[0]["evidence"]
    finally:
        lab("fault", STANDBY, "link-up", "--wait")
    settle()
