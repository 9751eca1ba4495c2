"""Changes to a cluster that serves, under load: no request is lost (must-show 1 of day two)."""
import json
import pathlib
import re

import pytest

from conftest import (DIRECTORS, PAGES, PATIENT, REAL_SERVERS, ROOT, clusterctl, everywhere, lab_inventory, pages,
                      ssh, vip_holders, wait_for)
from traffic import Load

DRAINED = "cat /var/lib/clusterctl/drained"


@pytest.fixture
def inventory(tmp_path):
    """The lab's, to be changed: inventory(change) writes it and returns its path."""
    def write(change):
        data = lab_inventory()
        change(data)
        path = tmp_path / "inventory.json"
        path.write_text(json.dumps(data, indent=2))
        return str(path)
    return write


@pytest.fixture
def templates(tmp_path):
    """A folder with our vhost, and one line more."""
    def write(line):
        name = "nginx.conf.tmpl"
        text = (ROOT / "templates/files" / name).read_text()
        folder = tmp_path / "templates"
        folder.mkdir(exist_ok=True)
        head, brace, tail = text.rpartition("}")
        (folder / name).write_text(f"{head}    {line}\n{brace}{tail}")
        return str(folder)
    return write


def order(r, pattern):
    """Where in the progress each step that matches was reported, as hosts."""
    return [m.group(1) for m in re.finditer(rf"^\[ *[\d.]+s\] (\S+) +\d+/\d+ +{pattern}", r.stderr, re.M)]


# Five emulated machines share a processor or two: five looks at once starve the one that serves alone.
IN_TURN = ["--parallel", "1"]


def check_interval(data):
    data["services"] = [{"port": 80, "check": PATIENT | {"interval": 1.5}}]


def without_web02(data):
    check_interval(data)
    data["hosts"] = [h for h in data["hosts"] if h["name"] != "Web02-RS"]


@pytest.mark.on_request
def test_changes_lose_nothing(patient, inventory, templates):
    """
    Must-show 1: all of these under one load of 200 requests a second.
    """
    folder = templates("add_header X-Clusterctl-Test 1;")
    first, = vip_holders()
    second, = set(DIRECTORS) - {first}
    with Load(200) as load:
        def does(*args):
            load.note("clusterctl " + " ".join(args))
            r = clusterctl(*args, *IN_TURN)
            load.note(r.stderr)
            return r

        said = does("deploy", "--dry-run", "--templates", folder).stdout
        assert "in this order" in said and "brought back: Web02-RS" in said
        r = does("deploy", "--templates", folder)  # a vhost change
        assert order(r, "reload nginx") == REAL_SERVERS
        assert vip_holders() == [first]

        r = does("deploy", "--templates", folder, inventory(check_interval))  # keepalived changes
        assert order(r, "change /etc/keepalived") == [second, first]
        assert vip_holders() == [second]
        assert "0 changes" in does("deploy", "--templates", folder, inventory(check_interval)).stdout

        does("deploy", "--templates", folder, inventory(without_web02))  # a real server removed
        assert all("10.1.1.133" not in table for table in everywhere("ipvsadm -Ln", DIRECTORS).values())
        does("deploy", "--templates", folder, inventory(check_interval))  # and one added
        wait_for("both serve", lambda: set(pages(10)) == set(PAGES.values()), 30)

        does("restart", "--inventory", inventory(check_interval), "--templates", folder)
        does("rollback", "--yes", "--inventory", inventory(check_interval), "--templates", folder)
    load.nothing_lost()
    assert min(load.shares(0, load.now()).values()) > 0


@pytest.mark.on_request
def test_it_stops_at_the_first_that_fails(patient, templates):
    """The vhost answers with an error: the first server stays out, the second is not touched."""
    folder = templates("return 503;")
    with Load(200) as load:
        r = clusterctl("deploy", "--templates", folder, expect=1)
        load.note(r.stderr)
        assert "stopped at Web01-RS" in r.stderr
        assert order(r, "reload nginx") == ["Web01-RS"]
        assert ssh(DIRECTORS[0], DRAINED) == "Web01-RS by deploy\n"
        # Put right, the next deploy brings it back.
        r = clusterctl("deploy")
        load.note(r.stderr)
        assert order(r, "reload nginx") == ["Web01-RS"]
    load.nothing_lost()
    assert ssh(DIRECTORS[0], DRAINED) == ""
    clusterctl("status")
