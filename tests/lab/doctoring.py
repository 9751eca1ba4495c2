"""What the doctor's lab tests share: examine, judge, repair."""
import contextlib
import json
import time

from conftest import clusterctl, ssh


def lines(r, kind):
    return [j for j in map(json.loads, r.stdout.splitlines()) if j["type"] == kind]


def examine(expect=1):
    """(findings, unexplained, everything said)"""
    r = clusterctl("doctor", "--quiet", "--output", "json", expect=expect, timeout=300)
    return lines(r, "finding"), [u["text"] for u in lines(r, "unexplained")], r.stdout


def causes(cause, hosts, remedy, *said):
    """doctor finds this cause on these hosts and nothing else; each text is in cause or evidence."""
    findings, unexplained, out = examine()
    assert [(f["id"], f.get("host")) for f in findings] == [(cause, h) for h in hosts], out
    assert not unexplained, out
    for f in findings:
        assert f["remedy"] == remedy and f["cause"] and f["fix"] and f["evidence"], f
        text = "\n".join([f["cause"], f["fix"]] + f["evidence"])
        for s in said:
            assert s in text, f"{s!r} not in\n{text}"
    return findings


def clean(seconds=90):
    """Nothing is found, within the time that keepalived's checks need."""
    end = time.monotonic() + seconds
    while True:
        findings, unexplained, out = examine(expect=None)
        if not findings and not unexplained:
            return
        assert time.monotonic() < end, f"not within {seconds} s: doctor finds nothing\n{out}"


def fixed():
    """--fix repairs, and a second look agrees."""
    r = clusterctl("doctor", "--quiet", "--fix", "--output", "json", expect=None, timeout=600)
    assert not [f for f in lines(r, "finding") if f["after_fix"]], r.stdout
    clean()


@contextlib.contextmanager
def fault(host, make, undo):
    """A fault on a host, and the cluster whole again behind it."""
    try:
        ssh(host, make)
        yield
    finally:
        ssh(host, undo)
    clean()
