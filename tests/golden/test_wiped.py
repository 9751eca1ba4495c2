"""Memory that held a secret is wiped before it is given back."""
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CLUSTERCTL_BUILD", "build"))
LEAKS = (BUILD / "tests/secrets/leaks.so").resolve()
CLUSTERCTL = os.environ.get("CLUSTERCTL", str(BUILD / "cli/clusterctl"))
CANARY = "cAn4rY-8"


def leaks(tmp_path, *command, **more):
    """What was given back unwiped, as the preloaded library tells it."""
    said = tmp_path / "leaks"
    said.unlink(missing_ok=True)
    env = dict(os.environ, LD_PRELOAD=str(LEAKS), LEAKS_CANARY=CANARY, LEAKS_FILE=str(said), CLUSTERCTL_JOURNAL="")
    r = subprocess.run(command, env=env, capture_output=True, text=True, **{"input": "", **more})
    text = said.read_text()
    assert text.startswith("looking\n")
    return r, text.removeprefix("looking\n")


@pytest.fixture
def inventory(tmp_path):
    data = json.loads((ROOT / "inventory/examples/article.json").read_text())
    data["vrrp"]["auth_pass"] = CANARY
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(data))
    return str(path)


LEAK = """
import ctypes, sys
c = ctypes.CDLL(None)
c.malloc.restype = ctypes.c_void_p
p = c.malloc(100)
ctypes.memmove(p, sys.stdin.buffer.read(), 8)
c.free(ctypes.c_void_p(p))
"""


@pytest.mark.skipif(BUILD.name in ("asan", "tsan"), reason="the library needs what python does not have then")
def test_it_sees_a_leak(tmp_path):
    _, found = leaks(tmp_path, "/usr/bin/python3", "-c", LEAK, input=CANARY)
    assert "leak: free of 1" in found
    _, found = leaks(tmp_path, "/usr/bin/python3", "-c", LEAK, input="harmless")
    assert "leak: free of 1" not in found


@pytest.mark.parametrize("command", [
    ["check"],
    ["schema"],
    ["deploy", "--dry-run", "--offline"],
    ["deploy", "--dry-run", "--offline", "--output", "json"],
    ["deploy", "--dry-run", "--offline", "--show-secrets"],
], ids=" ".join)
def test_no_secret_is_left(tmp_path, inventory, command):
    args = command if command[0] == "schema" else [*command, inventory]
    r, found = leaks(tmp_path, CLUSTERCTL, *args)
    assert r.returncode == 0, r.stderr
    assert not found, found


def test_no_secret_is_left_by_a_file_that_is_written(tmp_path, inventory):
    r, found = leaks(tmp_path, CLUSTERCTL, "deploy", "--dry-run", "--offline", "--out", str(tmp_path / "made"), inventory)
    assert r.returncode == 0, r.stderr
    assert CANARY in (tmp_path / "made/LVS-master/etc/keepalived/keepalived.conf").read_text()
    assert not found, found


def test_no_secret_is_left_by_an_inventory_that_is_wrong(tmp_path, inventory):
    data = json.loads(pathlib.Path(inventory).read_text())
    data["vrrp"]["auth_pass"] = CANARY + " and more"
    data["vip"] = 7
    pathlib.Path(inventory).write_text(json.dumps(data))
    r, found = leaks(tmp_path, CLUSTERCTL, "check", inventory)
    assert r.returncode == 65
    assert CANARY not in r.stderr
    assert not found, found
