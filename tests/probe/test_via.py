"""Ways through a neighbour of our choice: marked sockets, a private routing table each."""
import json
import subprocess

import pytest

from network import HOSTS, MACS, TOOL, VIP, tool

PREFERENCE = "97"  # VIA_PREFERENCE


def rules(net):
    return [l for l in shown(net, "rule", "show") if l.startswith(f"{PREFERENCE}:")]


def routes(net):
    """The routes of private tables, which ip(8) shows by number."""
    return [l for l in shown(net, "route", "show", "table", "all") if "table 11290542" in l]


def shown(net, *what):
    return subprocess.run(["ip", "-n", net.ns("op"), *what], check=True, capture_output=True,
                          text=True).stdout.splitlines()


def via(net, neighbour, status=0, **kwargs):
    return tool(net, "via", VIP, HOSTS[neighbour], 8080, "-", status=status, **kwargs)


@pytest.fixture(scope="module", name="served")
def fixture_served(net):
    for name in ("h1", "h2", "quiet"):
        net.start(name, "serve", 8080)
    return net


def hold(net, neighbour):
    """A probe-tool with its way open."""
    process = subprocess.Popen(net.argv("op", TOOL, "via", VIP, HOSTS[neighbour], "8080", "hold"),
                               stdout=subprocess.PIPE, text=True)
    net.processes.append(process)
    return process, json.loads(process.stdout.readline())


def end(process):
    process.kill()
    process.wait()


@pytest.mark.parametrize("name", ["h1", "h2", "quiet"])
def test_each_neighbour_answers_for_itself(served, name):
    """Whoever the link says the address belongs to, and also one that answers no ARP for it."""
    r = via(served, name)
    assert (r["status"], r["body"]) == (200, MACS[name] + "\n"), r
    assert rules(served) == [] and routes(served) == []


def test_a_neighbour_without_the_address_is_told(served):
    served.ip("h2", "address", "del", f"{VIP}/32", "dev", "lo")
    try:
        r = via(served, "h2")
        assert r["status"] == 0 and "timed out" in r["error"].lower()
    finally:
        served.ip("h2", "address", "add", f"{VIP}/32", "dev", "lo")
    assert rules(served) == []


def test_refusal_shows(served):
    r = tool(served, "via", VIP, HOSTS["h2"], 81, "-")
    assert r["error"] == "cannot connect: Connection refused"


def test_nobody_else_goes_that_way(served):
    before = tool(served, "route", VIP)
    process, r = hold(served, "h2")
    try:
        assert r["body"] == MACS["h2"] + "\n"
        assert len(rules(served)) == 1 and len(routes(served)) == 1
        assert f"fwmark {r['mark']:#x}" in rules(served)[0]
        assert tool(served, "route", VIP) == before
    finally:
        end(process)
    assert via(served, "h1")["swept"] == 1


def test_two_runs_at_once_have_a_way_each(served):
    first, a = hold(served, "h1")
    try:
        b = via(served, "h2")
        assert b["swept"] == 0 and a["mark"] != b["mark"]
        assert b["body"] == MACS["h2"] + "\n"
        assert len(rules(served)) == 1  # the living one's is left alone
    finally:
        end(first)
    assert via(served, "h2")["swept"] == 1


def test_what_a_killed_run_leaves_is_removed_by_the_next(served):
    killed = [hold(served, name)[0] for name in ("h1", "h2")]
    for process in killed:
        end(process)
    assert len(rules(served)) == 2 and len(routes(served)) == 2
    assert via(served, "quiet")["swept"] == 2
    assert rules(served) == [] and routes(served) == []


def test_rules_of_others_are_left_alone(served):
    """The same preference, or the same table, alone make no rule ours."""
    served.ip("op", "rule", "add", "pref", PREFERENCE, "fwmark", "0x1234", "lookup", "1234")
    served.ip("op", "rule", "add", "pref", "500", "fwmark", "0x434c0001", "lookup", "1129054209")
    try:
        assert via(served, "h1")["swept"] == 0
        assert len(rules(served)) == 1
        assert any(l.startswith("500:") for l in shown(served, "rule", "show"))
    finally:
        served.ip("op", "rule", "del", "pref", PREFERENCE)
        served.ip("op", "rule", "del", "pref", "500")


def test_a_rule_ahead_of_ours_is_noticed(served):
    served.ip("op", "rule", "add", "pref", "5", "lookup", "main")
    try:
        r = via(served, "h1", status=1)
        assert "goes before ours" in r["error"]
    finally:
        served.ip("op", "rule", "del", "pref", "5")
    assert rules(served) == [] and routes(served) == []


def test_without_the_capability_it_says_what_is_missing(served):
    r = via(served, "h1", status=1, before=("setpriv", "--bounding-set", "-net_admin"))
    assert "Operation not permitted" in r["error"] and "CAP_NET_ADMIN" in r["hint"]
    assert rules(served) == []


def test_over_ipv6(served):
    served.ip("h1", "address", "add", "fd99::140/128", "dev", "lo")
    r = tool(served, "via", "fd99::140", "fd99::11", 8080, "-")
    assert (r["status"], r["body"]) == (200, MACS["h1"] + "\n"), r
    assert not [l for l in shown(served, "-6", "rule", "show") if l.startswith(PREFERENCE + ":")]
