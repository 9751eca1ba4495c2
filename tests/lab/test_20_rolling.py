"""Changes to a cluster that serves, under load: no request is lost (must-show 1 of day two)."""
import json
import pathlib
import re

import pytest

from conftest import (DIRECTORS, REAL_SERVERS, ROOT, clusterctl, everywhere, operator, ssh, vip_holders)
from traffic import Load

DRAINED = "cat /var/lib/clusterctl/drained"


@pytest.fixture
def inventory(tmp_path):
    """The lab's, to be changed: inventory(change) writes it and returns its path."""
    text = operator("sh", "-c", "cat $CLUSTERCTL_INVENTORY").stdout

    def write(change):
        data = json.loads(text)
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


def check_interval(data):
    data["services"] = [{"port": 80, "check": {"interval": 0.7}}]


def test_changes_lose_nothing(deployed, inventory, templates):
    first, = vip_holders()
    second, = set(DIRECTORS) - {first}
    with Load(200) as load:
        folder = templates("add_header X-Clusterctl-Test 1;")
        said = clusterctl("deploy", "--dry-run", "--templates", folder).stdout
        assert "in this order" in said and "brought back: Web02-RS" in said

        load.note("a vhost change")
        r = clusterctl("deploy", "--templates", folder)
        load.note(r.stderr)
        assert order(r, "reload nginx") == REAL_SERVERS
        assert vip_holders() == [first]

        path = inventory(check_interval)
        load.note("a keepalived change")
        r = clusterctl("deploy", "--templates", folder, path)
        load.note(r.stderr)
        assert order(r, "change /etc/keepalived") == [second, first]
        assert vip_holders() == [second]
    load.nothing_lost()
    assert all("X-Clusterctl-Test" in text for text in
               everywhere("cat /etc/nginx/conf.d/clusterctl.conf", REAL_SERVERS).values())
    assert all("delay_loop 0.7" in text for text in
               everywhere("cat /etc/keepalived/keepalived.conf", DIRECTORS).values())
    assert "0 changes" in clusterctl("deploy", "--templates", folder, path).stdout


@pytest.mark.on_request
def test_it_stops_at_the_first_that_fails(deployed, templates):
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
