"""What the doctor's lab tests share: a cluster to break (fixtures, to be imported), an examination, a
judgement."""
import concurrent.futures
import contextlib
import json

import pytest

from conftest import DIRECTORS, clusterctl, converge, everywhere, serving, ssh, vip_holders, wait_for
from faults import ACTIVE, ADDRESS, NFS, PACKAGES, REAL_SERVERS, STANDBY

APT = "DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends"


@pytest.fixture(scope="module", autouse=True)
def cluster():
    a_cluster_to_break()


@pytest.fixture(autouse=True)
def from_scratch_after_a_failure(request, cluster):
    """A fault that its test did not get to undo must not fail the next ones too."""
    before = request.session.testsfailed
    yield
    if request.session.testsfailed > before:
        a_cluster_to_break()


def a_cluster_to_break():
    converge()
    with_tools()
    serving()
    settle()


def with_tools():
    """What the faults are made with; the package's keepalived on a host that is no director rests."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for done in [pool.submit(ssh, h, f"{APT} {p} >/dev/null", timeout=300)
                     for h, p in PACKAGES.items()]:
            done.result()
    ssh(NFS, "systemctl disable -q --now keepalived")


def on_hosts(commands):
    """{host: shell}, in the order given: what comes first may be needed by the next."""
    for host, command in commands.items():
        ssh(host, command)


def whole():
    tables = everywhere("ipvsadm -Ln", DIRECTORS).values()
    return len(vip_holders()) == 1 and all(ADDRESS[s] in t for s in REAL_SERVERS for t in tables)


def settle():
    """Whole again, and the preferred director active, as the next fault expects it."""
    wait_for("the cluster is whole again", whole, 60)
    if vip_holders() != [ACTIVE]:
        ssh(STANDBY, "systemctl restart keepalived")
        wait_for("the preferred director is active", lambda: whole() and vip_holders() == [ACTIVE], 30)


def lines(r, kind):
    return [j for j in map(json.loads, r.stdout.splitlines()) if j["type"] == kind]


def examine(*args, expect=None):
    """(findings, unexplained, everything said), of the first look"""
    r = clusterctl("doctor", "--quiet", "--output", "json", *args, expect=expect, timeout=400)
    return ([f for f in lines(r, "finding") if not f["after_fix"]],
            [u["text"] for u in lines(r, "unexplained") if not u["after_fix"]], r)


def judge(faults, findings, unexplained, r):
    """These causes on these hosts, each with its evidence, and no other."""
    expected = sorted((f.cause, h or "") for f in faults for h in f.hosts)
    assert sorted((f["id"], f.get("host", "")) for f in findings) == expected, r.stdout
    assert not unexplained, r.stdout
    for fault in faults:
        for f in findings:
            if f["id"] == fault.cause and f.get("host") in fault.hosts:
                complete(fault, f)


def complete(fault, f):
    assert f["remedy"] == fault.remedy and f["cause"] and f["fix"] and f["evidence"], f
    text = "\n".join([f["cause"], f["fix"]] + f["evidence"])
    for said in fault.said:
        assert said in text, f"{said!r} not in\n{text}"
    assert any(fault.symptom in s for s in f["symptoms"]) or not fault.symptom, f


@contextlib.contextmanager
def broken(faults):
    """Made all together, and undone; what doctor is to repair stays for it."""
    try:
        for f in faults:
            on_hosts(f.commands(f.make))
        for f in faults:
            if f.shows:
                wait_for(f.cause, f.shows, 30)
        yield
    finally:
        for f in faults:
            on_hosts(f.commands(f.undo))
            on_hosts(f.commands(f.leaves))
    settle()


def named_and_repaired(faults):
    """One look that names them all and nothing else; what it can repair, it does."""
    repairs = any(f.remedy == "deploy" for f in faults)
    with broken(faults):
        findings, unexplained, r = examine(*["--fix"] if repairs else [])
        judge(faults, findings, unexplained, r)
        if repairs:
            left = {f["id"] for f in lines(r, "finding") if f["after_fix"]}
            assert left == {f.cause for f in faults if f.remedy == "manual"}, r.stdout
            assert r.returncode == (1 if left else 0), r.stdout
